// The stock Pistache way to answer one JSON text: its own Endpoint, parser and ResponseWriter. A peer for ./dev bench,
// not part of the server.
#include <pistache/endpoint.h>
#include <pistache/http.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace {

class Hello final : public Pistache::Http::Handler {
 public:
  HTTP_PROTOTYPE(Hello)
  void onRequest(const Pistache::Http::Request&, Pistache::Http::ResponseWriter writer) override {
    writer.send(Pistache::Http::Code::Ok, "{\"hello\":\"world\"}\n", MIME(Application, Json));
  }
};

}  // namespace

int main(int count, char** values) {
  if (count != 2) {
    std::fprintf(stderr, "usage: pistache_stock PORT\n");
    return 2;
  }
  // SIGTERM ends it: blocked before the reactor threads start so that only sigwait sees it.
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigprocmask(SIG_BLOCK, &stop, nullptr);

  const auto port = static_cast<std::uint16_t>(std::strtoul(values[1], nullptr, 10));
  Pistache::Http::Endpoint server(Pistache::Address(Pistache::Ipv4::loopback(), Pistache::Port(port)));
  server.init(Pistache::Http::Endpoint::options().threads(1).flags(Pistache::Tcp::Options::ReuseAddr));
  server.setHandler(Pistache::Http::make_handler<Hello>());
  server.serveThreaded();
  int signal = 0;
  sigwait(&stop, &signal);
  server.shutdown();
  return 0;
}
