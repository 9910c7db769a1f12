"""No test reads the `.env` of whoever runs it, nor does a process that a test starts."""

import os

os.environ["ENV_FILE"] = ""
