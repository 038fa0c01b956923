"""A site for tests of the browser, friendly and hostile: python3 browser_site.py [port]. Prints its port."""
import http.server
import sys
import urllib.parse

PAGES = {
    "/": """<title>Start</title><h1>Fruit</h1><p>We sell <b>fresh</b> fruit &amp; more.</p>
<ul><li>Apples<li>Pears<ul><li>Green ones</ul></ul><table><tr><th>Name<th>Price<tr><td>Apple<td>3</table>
<a href="/login">Log in</a> <a href="/window" target="_blank">Window</a><p style="display:none">Secret</p>
<pre>a
  b</pre><div style="margin-top:3000px">Far below</div>""",
    "/window": "<title>Window</title><p>A window of its own</p><button onclick='window.close()'>Shut</button>",
    "/form": """<title>Form</title><button id=first>First</button><button disabled>Off</button>
<button style="visibility:hidden">Hidden</button>
<div style="position:relative;width:200px;height:40px"><button>Under</button>
<div style="position:absolute;inset:0;background:white">Cover</div></div>
<select id=colour onchange="out.textContent='colour '+value"><option>Red<option>Green<option disabled>Blue</select>
<input type=date id=day onchange="out.textContent='day '+value"><input type=checkbox id=yes><label for=yes>Agree</label>
<textarea id=note placeholder=Note>old text</textarea><div contenteditable id=rich>old rich</div>
<p id=out>-</p><div style="height:3000px"></div><button>Last</button>
<script>first.onclick=()=>out.textContent='clicked';note.oninput=()=>out.textContent='note '+note.value;
document.onkeydown=e=>{if(e.ctrlKey)out.textContent='key '+e.key}</script>""",
    "/console": """<title>Console</title><script>console.log('hello',{a:1,b:'x'},[1,2]);console.warn('careful');
console.error('bad \\ud800 half');setTimeout(()=>{throw new Error('thrown late')},0)</script>""",
    "/downloads": """<title>Downloads</title><a href=/file.txt>Small</a> <a href=/big>Big</a>""",
    "/colours": """<title>Colours</title><body style="margin:0"><div style="position:fixed;inset:0 50% 0 0;background:#ff0000"></div>
<div style="position:fixed;inset:0 0 0 50%;background:#0000ff"></div>""",
    "/chinese": """<meta charset=utf-8><title>中文页面</title><h1>你好，世界</h1><input id=name placeholder=姓名>
<p id=out></p><script>document.getElementById('name').oninput=e=>out.textContent='欢迎 '+e.target.value</script>""",
    "/dialogs": """<title>Dialogs</title><button onclick="out.textContent=confirm('Really?')+' '+prompt('Name?','Ada')">Ask</button>
<p id=out></p>""",
    "/upload": """<title>Upload</title><input type=file id=file style="display:none">
<button onclick="file.click()">Choose</button><p id=out></p>
<script>file.onchange=async()=>out.textContent=file.files[0].name+': '+await file.files[0].text()</script>""",
    "/frame": """<title>Frame</title><div style="height:50px"></div><iframe src=/form width=600 height=300></iframe>
<div id=host></div><script>host.attachShadow({mode:'open'}).innerHTML='<button>Shadow</button>'</script>""",
    "/pollute": """<title>Pollute</title><p>Still <i>here</i></p><button>Press</button><form><input name=localName><input name=matches>
</form><script>Array.prototype.push=()=>{throw 1};Element.prototype.getBoundingClientRect=()=>{while(1);};
document.elementFromPoint=null;JSON.stringify=()=>'owned'</script>""",
    # Hostile ones.
    "/alerts": "<title>Alerts</title><p>Alerts</p><script>while (true) alert('again')</script>",
    "/loop": "<title>Loop</title><p>Loop</p><script>while (true);</script>",
    "/click-loop": "<title>Click</title><button onclick='while(true);'>Hang</button>",
    "/storm": """<title>Storm</title><button onclick="for(let i=0;i<50;i++)window.open('/window')">Storm</button>
<a href=/window target=_blank>One</a>""",
    "/flood": "<title>Flood</title><p>Flood</p><script>setInterval(()=>{for(let i=0;i<500;i++)console.log('x'.repeat(200))},1)</script>",
    "/titles": "<title>T</title><script>setInterval(()=>{for(let i=0;i<200;i++){document.title='t'+i;location.hash=i}},1)</script>",
}
BIG = 200 << 20


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def page(self, body, status=200, headers=()):
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        path = self.path.partition("?")[0]
        if path in PAGES:
            self.page(PAGES[path])
        elif path == "/favicon.ico":
            self.page("", 204)
        elif path == "/login":
            self.page("<title>Login</title><form method=post><input name=user placeholder=User>"
                      "<input name=password type=password placeholder=Password><button>Log in</button></form>")
        elif path == "/welcome":
            who = self.headers.get("Cookie", "").partition("user=")[2]
            self.page(f"<title>Welcome</title><h1>Welcome, {who or 'stranger'}</h1>")
        elif path == "/file.txt":
            self.send_response(200)
            self.send_header("Content-Disposition", 'attachment; filename="file.txt"')
            self.send_header("Content-Length", "6")
            self.end_headers()
            self.wfile.write(b"fruit\n")
        elif path == "/big":
            self.send_response(200)
            self.send_header("Content-Disposition", 'attachment; filename="big.bin"')
            if "known" in self.path:
                self.send_header("Content-Length", str(BIG))
            self.end_headers()
            try:
                for _ in range(BIG >> 20):
                    self.wfile.write(bytes(1 << 20))
            except OSError:
                pass
        else:
            self.page("<title>Nothing</title>Nothing here", 404)

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if form.get("user") == ["ada"] and form.get("password") == ["s3cret"]:
            self.page("", 303, [("Location", "/welcome"), ("Set-Cookie", "user=ada")])
        else:
            self.page("<title>No</title>Wrong password", 403)


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
