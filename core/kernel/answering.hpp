// Shared by every answer: envelopes and texts, cross-origin rules, the URL that clients see, the log of refusals, the
// watch over open streams. One per server; each call answers through it. The dispatcher does the checks before the
// handler.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "core/base/problem.hpp"
#include "core/dialect/dialect.hpp"
#include "core/http/exchange.hpp"
#include "core/kernel/client_address.hpp"
#include "core/kernel/cors.hpp"
#include "core/kernel/stream_watch.hpp"
#include "core/plugin/call.hpp"

namespace mortise::kernel {

// All functions: any thread. The parts must outlive this object, and it must outlive every call.
class Answering {
 public:
  struct Parts {
    const dialect::Dialects& dialects;
    const dialect::Messages& messages;
    const Cors& cors;
    const TrustedProxies& proxies;
    StreamWatch& streams;
  };
  // `publicUrl`: http.public_url without a slash at its end; empty: what a trusted proxy forwards
  // (X-Forwarded-Proto, X-Forwarded-Host), else http:// and Host. `language`: http.default_language; empty: none.
  Answering(Parts parts, std::string publicUrl, std::string language = {})
      : parts_(parts), publicUrl_(std::move(publicUrl)), language_(std::move(language)) {}

  const dialect::Dialect& dialect(std::string_view name) const { return parts_.dialects.get(name); }
  // The best language of the texts for an Accept-Language field, else http.default_language; empty when neither says one.
  std::string_view askedLanguage(std::string_view acceptLanguage) const {
    return parts_.messages.choose(acceptLanguage, language_);
  }
  const Cors& cors() const { return parts_.cors; }
  StreamWatch& streams() const { return parts_.streams; }
  // Address of the client, behind trusted proxies.
  std::string clientAddress(const http::Exchange& exchange) const {
    return parts_.proxies.clientAddress(exchange.peer(), exchange.head().fields);
  }
  // scheme://host/path?query of a request; valid as long as `storage`.
  std::string_view fullUrl(const http::Exchange& exchange, std::string& storage) const;
  // Whether this request was sent to `origin` (scheme://host[:port]).
  bool isOwnOrigin(const http::Exchange& exchange, std::string_view origin) const;
  // Logs what the client must not see; level error from status 500, else debug.
  static void logRefusal(const plugin::Call& call, const Problem& problem);

 private:
  const Parts parts_;
  const std::string publicUrl_;
  const std::string language_;
};

}  // namespace mortise::kernel
