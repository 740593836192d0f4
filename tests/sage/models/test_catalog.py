"""Specs become models; the picker tells what is ready without network or heavy imports."""

import subprocess
import sys

import pytest

from sage.faults import Border, WorldError
from sage.models import catalog
from sage.models.catalog import check_visitor, open_model, resolve, statuses
from tests.sage.models.asking import KEY, ask
from tests.wire import WireServer

NAMES = (
    *("SAGE_OPENAI", "OPENAI_API_KEY", "OPENAI_BASE_URL", "GEMINI_API_KEY", "GOOGLE_API_KEY"),
    *("GOOGLE_GEMINI_BASE_URL", "HF_HUB_CACHE", "HF_HOME"),
)


@pytest.fixture(autouse=True)
def bare(monkeypatch, tmp_path):
    """A machine with no key, no server, no cache and no GPU."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setattr(catalog, "find_gpu", lambda: False)
    # What an app of this process has put into the picker.
    monkeypatch.setattr(catalog, "_OFFERED", {})


def add_checkpoint(tmp_path, name):
    folder = tmp_path / "hf" / "hub" / f"models--allenai--{name}" / "snapshots" / "1"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")


def test_auto_on_a_bare_machine_is_offline():
    spec, why = resolve("auto")
    assert spec == "offline"
    assert "captions" in why


def test_auto_prefers_server_then_openai_then_gemini_then_checkpoint(monkeypatch, tmp_path):
    add_checkpoint(tmp_path, "SAGE-MM-Qwen3-VL-8B-SFT_RL")
    monkeypatch.setattr(catalog, "find_gpu", lambda: True)
    assert resolve("auto")[0] == "hf:allenai/SAGE-MM-Qwen3-VL-8B-SFT_RL"
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)
    assert resolve("auto") == ("gemini:gemini-2.5-flash", "GOOGLE_API_KEY is set.")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert resolve("auto")[0] == "openai:gpt-4o"
    monkeypatch.setenv("SAGE_OPENAI", "qwen@http://127.0.0.1:8000/v1, other@http://h/v1")
    assert resolve("")[0] == "openai:qwen@http://127.0.0.1:8000/v1"


def test_a_checkpoint_without_gpu_is_not_auto(tmp_path):
    add_checkpoint(tmp_path, "SAGE-MM-Molmo2-8B-SFT")
    add_checkpoint(tmp_path, "SAGE-MM-Qwen3-VL-4B-SFT_RL")
    assert resolve("auto")[0] == "offline"
    hf = [status for status in statuses() if status.spec.startswith("hf:")]
    assert [s.spec.split("/")[1] for s in hf] == [
        "SAGE-MM-Qwen3-VL-4B-SFT_RL",
        "SAGE-MM-Molmo2-8B-SFT",
    ]
    assert all("no NVIDIA GPU" in s.why and not s.ready for s in hf)


def test_what_is_not_ready_says_what_to_do():
    not_ready = {s.spec: s.why for s in statuses() if not s.ready}
    assert "OPENAI_API_KEY" in not_ready["openai:gpt-4o"]
    assert "GEMINI_API_KEY" in not_ready["gemini:gemini-2.5-flash"]
    assert statuses()[-1].spec == "offline"
    assert all(s.why.endswith(".") for s in statuses())


def test_a_base_url_without_a_model_does_not_send_the_key_to_openai(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://gpu.example.org/v1")
    assert resolve("auto")[0] == "offline"
    assert open_model("openai:qwen").name == "openai:qwen@http://gpu.example.org/v1"


def test_statuses_show_no_password(monkeypatch):
    monkeypatch.setenv("SAGE_OPENAI", f"m@http://user:{KEY}@host/v1")
    status = statuses()[0]
    assert not status.ready
    assert KEY not in repr(status)


def test_statuses_are_light():
    code = (
        "import sys, time; from sage.models.catalog import statuses; t = time.monotonic();"
        "statuses(); assert time.monotonic() - t < 0.6;"
        "assert not {'torch', 'openai', 'google.genai', 'httpx', 'PIL'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("spec", ["", "auto", "offline"])
def test_opens_offline(spec):
    pytest.importorskip("sage.models.offline")
    assert open_model(spec).name == "offline"


def test_opens_scripts(tmp_path):
    (tmp_path / "s.json").write_text('["hello"]')
    assert open_model(f"scripted:{tmp_path}/s.json").generate([ask()])[0].text == "hello"


def test_opens_servers_with_the_visitors_key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "the-servers-own")
    with WireServer("hello", key=KEY) as wire:
        model = open_model(f"openai:wire-1@{wire.openai_url}", key=f" {KEY}\n")
        assert model.generate([ask()])[0].text == "hello"
        assert KEY not in model.name + repr(model)
        model.close()


def test_opens_gemini_where_the_environment_says(monkeypatch):
    with WireServer("hello", key=KEY) as wire:
        monkeypatch.setenv("GEMINI_API_KEY", KEY)
        monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", wire.gemini_url)
        model = open_model("gemini:gemini-2.5-pro")
        assert (model.generate([ask()])[0].text, model.name) == ("hello", "gemini:gemini-2.5-pro")
        model.close()


@pytest.mark.parametrize("spec", ["gpt-4o", "hf:", "foo:bar", "openai:", "off line", "x" * 500])
def test_unknown_specs_list_the_forms(spec):
    with pytest.raises(WorldError, match=r"Choose one of: .*gemini:<model>") as caught:
        open_model(spec)
    assert caught.value.border is Border.MODEL
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("rest", ["m@localhost:8000/v1", f"m@http://user:{KEY}@host/v1", "m@"])
def test_bad_addresses_are_told_without_their_password(rest):
    with pytest.raises(WorldError, match="address") as caught:
        open_model(f"openai:{rest}")
    assert KEY not in str(caught.value)


def test_missing_miniature_is_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(catalog, "ASSETS", tmp_path)
    with pytest.raises(WorldError, match=r"sage-tiny cannot be opened\. Not in assets"):
        open_model("sage-tiny")


@pytest.mark.parametrize(
    "spec",
    [
        *("hf:/etc", "scripted:/etc/passwd", "openai:m@http://169.254.169.254/v1", "gemini:other"),
        "openai:gpt-5",
    ],
)
def test_a_visitor_gets_only_what_is_offered(spec, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "the-servers-own")
    with pytest.raises(WorldError, match="does not offer"):
        check_visitor(spec)


def test_a_visitor_with_a_key_may_name_public_models():
    check_visitor("gemini:gemini-2.5-pro", key=KEY)
    check_visitor("openai:gpt-4.1", key=KEY)
    check_visitor("auto")
    check_visitor("offline")
    with pytest.raises(WorldError):
        check_visitor("openai:m@http://10.0.0.1/v1", key=KEY)


def test_a_visitor_gets_nothing_that_would_have_to_be_downloaded_first():
    (checkpoint,) = [s.spec for s in statuses() if s.spec.startswith("hf:")]
    with pytest.raises(WorldError, match="not ready on this server"):
        check_visitor(checkpoint)


def test_an_offered_folder_is_in_the_picker_as_long_as_it_is_there(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    spec = catalog.offer(folder, "Trained here.")
    assert spec in [status.spec for status in statuses() if status.ready]
    check_visitor(spec)
    folder.rmdir()
    assert spec not in [status.spec for status in statuses()]


@pytest.mark.parametrize("is_mini", [True, False])
def test_auto_takes_the_bundled_model_for_films_of_its_world_only(monkeypatch, tmp_path, is_mini):
    (tmp_path / "sage-tiny").mkdir()
    (tmp_path / "sage-tiny" / "config.json").write_text("{}")
    monkeypatch.setattr(catalog, "ASSETS", tmp_path)
    spec, why = resolve("auto", is_mini=is_mini)
    assert spec == ("sage-tiny" if is_mini else "offline")
    assert "miniature world" in why
