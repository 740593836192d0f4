"""What holds for all tests: no model hub, no telemetry, and no deadline for examples on a busy machine."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

from hypothesis import settings

# A fixed choice of examples where a failure must mean the change; elsewhere the search goes on.
settings.register_profile("sage", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("sage")
