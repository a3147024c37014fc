#!/bin/sh
# Every C file has the shape that .clang-format says.
set -eu
command -v clang-format >/dev/null || exit 77
exec script/format
