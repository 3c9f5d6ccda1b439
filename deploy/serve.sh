#!/bin/sh
# Serve every model folder in /models; what is given beside goes to `calque serve`. `exec`, so that SIGTERM reaches it.
set -eu
exec calque serve "${MODELS:-/models}"/* --host 0.0.0.0 --port "${PORT:-5000}" --database "${DATABASE:-/data/calque-serve.sqlite}" "$@"
