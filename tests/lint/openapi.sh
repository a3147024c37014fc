#!/bin/sh
# The document that the program executes is a good OpenAPI document for everybody else, too.
# The linter comes from npm, pinned by tests/lint/package-lock.json, and lives in the build folder.
set -eu
build=$1
home=$build/tests/redocly
command -v npm >/dev/null || exit 77

mkdir -p "$home"
if ! cmp -s tests/lint/package-lock.json "$home/installed.json"; then
    cp tests/lint/package.json tests/lint/package-lock.json "$home/"
    (cd "$home" && npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier)
    cp tests/lint/package-lock.json "$home/installed.json"
fi
cp tests/lint/redocly.yaml "$home/"
cp "$build/gen/openapi.json" "$home/"
cd "$home"
REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true \
    node_modules/.bin/redocly lint --config redocly.yaml openapi.json
