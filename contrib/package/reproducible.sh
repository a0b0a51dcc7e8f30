#!/bin/sh
# Builds the program twice from the commit that is checked out, in two folders of different names, and compares the bytes.
#   contrib/package/reproducible.sh [TARGET]
set -eu
cd "$(dirname "$0")/../.."

target=${1:-$(rustc -vV | sed -n 's/^host: //p')}
commit=$(git rev-parse HEAD)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for copy in first the-second-one; do
    mkdir "$folder/$copy"
    git archive "$commit" | tar -x -C "$folder/$copy"
    ESAUDIT_COMMIT=$commit CARGO_TARGET_DIR="$folder/$copy/target" "$folder/$copy/contrib/package/build.sh" "$target"
    # One at a time: a folder of build files is a gigabyte.
    find "$folder/$copy/target/$target/release" -maxdepth 1 -name 'esaudit*' -type f ! -name '*.d' \
        -exec cp {} "$folder/esaudit.$copy" ';'
    rm -rf "${folder:?}/$copy"
done
sha256sum "$folder"/esaudit.*
cmp "$folder/esaudit.first" "$folder/esaudit.the-second-one"
echo "equal: $(wc -c <"$folder/esaudit.first") bytes"
