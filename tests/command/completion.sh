#!/bin/bash
# completion.sh PROGRAM WORD…: what bash offers behind these words; the last one is being typed ("-" for none yet).
set -eu
eval "$("$1" completion bash)"
shift
[ "${*: -1}" != "-" ] || set -- "${@:1:$#-1}" ""
COMP_WORDS=(clinicd "$@")
COMP_CWORD=$#
_clinicd || true # nothing to offer
printf '%s ' "${COMPREPLY[@]}"
