"""The numbers of a report, worked out again from the raw lines of a run and from nothing of ours."""

import json
import sys
from pathlib import Path

EDGES = {
    "0-60": 60,
    "60-180": 180,
    "180-300": 300,
    "300-600": 600,
    "600-1200": 1200,
    "1200-2400": 2400,
}


def recount(folder: Path, judge: str) -> dict:
    def read(name):
        return [json.loads(line) for line in (folder / name).read_text().splitlines()]

    length = {q["example"]["question"]["id"]: q["duration_s"] for q in read("questions.jsonl")}
    verdict = {j["question_id"]: j["verdict"] for j in read(f"judgements/{judge}.jsonl")}
    found = {name: {"n": 0, "scored": 0, "correct": 0} for name in ("all", *EDGES, "2400+")}
    for said in read("predictions.jsonl"):
        id, outcome = said["question"]["id"], said["outcome"]
        word = "wrong" if outcome in ("no_answer", "malformed") else verdict.get(id, "unjudged")
        is_scored = word != "unjudged" and outcome not in ("world_error", "missing_video")
        bucket = next((name for name, end in EDGES.items() if length[id] <= end), "2400+")
        for cell in (found["all"], found[bucket]):
            cell["n"] += 1
            cell["scored"] += is_scored
            cell["correct"] += is_scored and word == "right"
    return found


if __name__ == "__main__":
    print(json.dumps(recount(Path(sys.argv[1]), sys.argv[2]), indent=1))
