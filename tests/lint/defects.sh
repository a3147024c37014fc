#!/bin/sh
# Every defect of docs/defects.md names at least one test, and every test that it names exists and is run.
set -eu
bad=0
say() {
    echo "docs/defects.md: $*"
    bad=1
}

# D1 and D2 come with printing.
for number in $(seq -f I%g 1 16) $(seq -f S%g 1 13) $(seq -f D%g 1 26) X1 X4 X5; do
    grep -q "^| $number |.*\`tests/.*\` *\((.*) *\)\?|\$" docs/defects.md || say "$number names no test"
done

for test in $(grep -o '`tests/[^`]*`' docs/defects.md | tr -d '`' | sort -u); do
    file=${test%%::*}
    name=${test##*::}
    if [ ! -f "$file" ]; then
        say "there is no $file"
    elif [ "$name" != "$file" ] && ! grep -q "^static void $name(void \*\*state)" "$file"; then
        say "$file has no test $name"
    elif [ "$name" != "$file" ] && [ "$(grep -c "\b$name\b" "$file")" -lt 2 ]; then
        say "$file does not run $name"
    fi
done
exit $bad
