#!/bin/sh
# lint-openapi.sh FILE: both linters, no network. `npm ci` in this folder first.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
"$here/node_modules/.bin/redocly" lint --extends=recommended-strict --format=stylish "$1"
"$here/node_modules/.bin/spectral" lint --ruleset "$here/spectral.yaml" --fail-severity=warn "$1"
