#!/bin/sh
# smoke.sh PROGRAM URL USERNAME [OPTION…]: the password, which may hold blanks, comes by PASSWORD.
program=$1 url=$2 username=$3
shift 3
printf '%s\n' "$PASSWORD" | "$program" verify smoke --http "$url" --username "$username" --password-stdin "$@"
