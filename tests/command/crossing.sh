#!/bin/sh
# crossing.sh PROGRAM URL USERNAME: the password, which may hold blanks, comes by PASSWORD.
printf '%s\n' "$PASSWORD" | "$1" verify isolation --http "$2" --username "$3" --password-stdin
