#!/usr/bin/env bash
# A small site with an RSS feed and a JSON Feed, built and served by Hugo.
#
#   hugo.sh install                fetch it (apt, if it is missing)
#   hugo.sh start                  write the site, serve it, print its address
#   hugo.sh post NAME TITLE TEXT   write a post, or write it anew; the server builds it at once
#   hugo.sh stop                   end the server that `start` has started, and no other
#
# SERVICES_HOME is where site, log and pid live (.services beside the code, if not given), HUGO_PORT the port (a free one).
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
home="${SERVICES_HOME:-$here/../../.services}/hugo"
site="$home/site"

install() {
  command -v hugo >/dev/null && return
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends hugo >/dev/null
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# Nothing else on this machine works on this folder: a pid alone may by now be somebody else's.
running() {
  [ -s "$home/pid" ] && ps -o args= -p "$(cat "$home/pid")" 2>/dev/null | grep -qF -- "--source $site"
}

front() { # NAME DATE TITLE TEXT
  NAME="$1" DATE="$2" TITLE="$3" TEXT="$4" python3 - >"$site/content/posts/$1.md.new" <<'PY'
import json, os
front = {"title": os.environ["TITLE"], "slug": os.environ["NAME"]}
if os.environ["DATE"]:
    front["date"] = os.environ["DATE"]
print(json.dumps(front, ensure_ascii=False), os.environ["TEXT"], sep="\n\n")
PY
  mv "$site/content/posts/$1.md.new" "$site/content/posts/$1.md"
}

write_site() { # ADDRESS
  rm -rf "$site"
  mkdir -p "$site/content/posts" "$site/layouts/_default"
  cat >"$site/config.json" <<EOF
{"baseURL": "$1", "title": "구름골 공방", "languageCode": "ko", "disableKinds": ["taxonomy", "term"],
 "outputs": {"home": ["html", "rss", "json"]}, "markup": {"goldmark": {"renderer": {"unsafe": true}}}}
EOF
  cat >"$site/layouts/index.html" <<'EOF'
<!DOCTYPE html><html lang="ko"><head><title>{{ .Site.Title }}</title>
{{ with .OutputFormats.Get "rss" }}<link rel="alternate" type="{{ .MediaType.Type | safeHTMLAttr }}" href="{{ .RelPermalink }}">{{ end }}
</head><body>{{ range .Site.RegularPages }}<a href="{{ .Permalink }}">{{ .Title }}</a>{{ end }}</body></html>
EOF
  cat >"$site/layouts/index.json" <<'EOF'
{{- $items := slice -}}
{{- range .Site.RegularPages -}}
  {{- $item := dict "id" .RelPermalink "url" .Permalink "title" .Title "content_html" (string .Content) -}}
  {{- if not .Date.IsZero -}}{{- $item = merge $item (dict "date_published" (.Date.Format "2006-01-02T15:04:05Z07:00")) -}}{{- end -}}
  {{- $items = $items | append $item -}}
{{- end -}}
{{- dict "version" "https://jsonfeed.org/version/1.1" "title" .Site.Title "language" "ko" "items" $items | jsonify -}}
EOF
  echo '<!DOCTYPE html><html><body><h1>{{ .Title }}</h1>{{ .Content }}</body></html>' | tee "$site/layouts/_default/single.html" >"$site/layouts/_default/list.html"
  front cream "2026-03-02T12:00:00+09:00" '루미 크림 "환불" 후기 😤' $'3주째 **답이 없어요**.\n\n앱 버전 3.2'
  front serum "2026-03-01T22:30:00-05:00" 'Lumi serum & my skin' 'It stung a little, <script>alert(1)</script>then it calmed down.'
  front about "" '공방 소개' '날짜가 없는 글입니다.'
}

start() {
  running && { echo "it is running already" >&2; exit 1; }
  install
  mkdir -p "$home"
  local port address
  port="${HUGO_PORT:-$(free_port)}"
  address="http://127.0.0.1:$port/"
  write_site "$address"
  (cd "$home" && exec nohup hugo server --source "$site" --bind 127.0.0.1 --port "$port" --baseURL "$address" \
    --appendPort=false --disableLiveReload --disableFastRender >"$home/log" 2>&1 </dev/null) &
  echo $! >"$home/pid"
  for _ in $(seq 150); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$address"
      return
    fi
    running || break
    sleep 0.2
  done
  cat "$home/log" >&2
  stop
  exit 1
}

stop() {
  if running; then
    kill "$(cat "$home/pid")"
    for _ in $(seq 50); do running || break; sleep 0.1; done
  fi
  rm -f "$home/pid"
}

case "${1:-}" in
  install | start | stop) "$1" ;;
  post) [ $# = 4 ] && running && front "$2" "$(date +%Y-%m-%dT%H:%M:%S%:z)" "$3" "$4" ;;
  *) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
