#!/bin/sh
# The guides name only what exists: tests that are run, commands and options of the program; and every row
# of the seed's guide is there.
#   guide.sh BUILD_FOLDER
set -eu
program=$1/clinicd
[ -x "$program" ] || exit 77
guide=docs/migration-guide.md
bad=0
say() {
    echo "$*"
    bad=1
}

for row in 'Pre 1' 'Pre 2' 'Pre 3' 'Step 1' 'Step 2' 'Step 3' 'Step 4' 'Step 5' 'Step 6' 'Post 1' 'Post 2' 'Post 3' 'Post 4' 'Rollback' \
    'Prod, before:' 'Prod, during:' 'Prod, after:' 'Issue 1' 'Issue 2' 'Issue 3' 'Issue 4' 'Timeline' 'Database size' 'Status'; do
    grep -q "^| \*\*$row.* | .* | .* | .* |\$" "$guide" || say "$guide: no row for $row"
done
# Checklists of the seed: six before, five during, five after.
for list in before:6 during:5 after:5; do
    [ "$(grep -c "^| \*\*Prod, ${list%:*}:" "$guide")" -ge "${list#*:}" ] || say "$guide: a row of Prod, ${list%:*} is missing"
done

for test in $(grep -oh '`tests/[^` ]*`' "$guide" | tr -d '`' | sort -u); do
    file=${test%%::*}
    name=${test##*::}
    if [ ! -f "$file" ]; then
        say "$guide: there is no $file"
    elif [ "$name" != "$file" ] && ! grep -q "^static void $name(void \*\*state)" "$file"; then
        say "$guide: $file has no test $name"
    elif [ "$name" != "$file" ] && [ "$(grep -c "\b$name\b" "$file")" -lt 2 ]; then
        say "$guide: $file does not run $name"
    fi
done

# What stands in `…`, behind a prompt, or in a block of shell.
commands=$("$program" help | sed -n 's/^  \([a-z][a-z -]*[a-z]\)  *[^ ].*/\1/p' | sed 's/   *.*//')
lines=$(mktemp)
trap 'rm -f "$lines"' EXIT
for document in "$guide" docs/migrations.md; do
    {
        grep -o '`clinicd [^`]*`' "$document" | tr -d '`'
        grep -oh '^\(\$ \)\{0,1\}clinicd .*' "$document" | sed 's/^\$ //'
    } | sed -e 's/^clinicd //' -e 's/ [|<>;&].*//' -e 's/ #.*//' -e 's/…$//' | sort -u >"$lines"
    while read -r line; do
        command=
        for length in 2 1; do
            words=$(echo "$line" | cut -d ' ' -f "1-$length" | tr -d ',')
            echo "$commands" | grep -qxF -- "$words" && { command=$words; break; }
        done
        echo "$commands" | grep -q "^$line " && continue # a group of them
        if [ -z "$command" ]; then
            say "$document: there is no command: clinicd $line"
            continue
        fi
        # shellcheck disable=SC2086 # words
        help=$("$program" help $command)
        for option in $(echo "$line" | grep -o -- '--[a-z-]*' || :); do
            echo "$help" | grep -q -- "^  $option " || say "$document: $command has no option $option"
        done
    done <"$lines"
done
exit $bad
