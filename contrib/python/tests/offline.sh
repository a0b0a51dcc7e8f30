#!/usr/bin/env bash
# Builds the wheel as contrib/python/README.md says, from the archive of the sources with its crates vendored, where neither a
# network nor a registry of crates can be had; installs it, and asks the module for a report.
#
# Needs Rust, and a Python with maturin, which ESAUDIT_PYTHON names (or `target/venv/bin/python -m pip install maturin` into the
# environment that .ci/run makes), and takes ten minutes on two cores, though the profile is the quick one: .ci/run leaves it out.
set -euo pipefail
cd "$(dirname "$0")/../../.."
python=$(realpath -s "${ESAUDIT_PYTHON:-target/venv/bin/python}")
logs=$PWD/testdata/incident
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Where there is a network.
"$python" -m maturin sdist --out "$folder/dist" 2>"$folder/said" || { cat "$folder/said"; exit 1; }
tar -xf "$folder"/dist/esaudit-*.tar.gz -C "$folder"
cd "$folder"/esaudit-*/
mkdir .cargo
cargo vendor --locked vendor >.cargo/config.toml 2>"$folder/said" || { cat "$folder/said"; exit 1; }

# Where there is none. The folder of cargo is empty, and where the system lets it the build has no network.
alone=()
if unshare --net --map-root-user true 2>/dev/null; then alone=(unshare --net --map-root-user); fi
export CARGO_HOME=$folder/cargo CARGO_NET_OFFLINE=true
"${alone[@]}" "$python" -m maturin build --quiet --locked --profile dev --out "$folder/wheels"
"$python" -m venv --without-pip "$folder/venv"
"$python" -m pip --quiet --python "$folder/venv/bin/python" install --no-index "$folder"/wheels/esaudit-*.whl
cd "$folder"
env -u ESAUDIT -u PYTHONPATH venv/bin/python -c '
import sys
import esaudit
report = esaudit.report(sys.argv[1])
assert report["totals"]["failed_attempts"] == 787, report["totals"]
print("a wheel from vendored sources:", report["tool"]["version"], esaudit.program())
' "$logs"
