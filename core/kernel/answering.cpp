#include "core/kernel/answering.hpp"

#include <iterator>

#include "core/base/text.hpp"
#include "core/kernel/origin.hpp"
#include "core/ops/log.hpp"

namespace mortise::kernel {

std::string_view Answering::fullUrl(const http::Exchange& exchange, std::string& storage) const {
  if (!storage.empty()) return storage;
  const auto& head = exchange.head();
  if (!publicUrl_.empty()) {
    storage = publicUrl_;
  } else {
    const auto scheme = parts_.proxies.forwarded(exchange.peer(), head.fields, "X-Forwarded-Proto");
    const auto host = parts_.proxies.forwarded(exchange.peer(), head.fields, "X-Forwarded-Host");
    storage = text::equalsIgnoreCase(scheme, "https") || text::equalsIgnoreCase(scheme, "wss") ? "https://" : "http://";
    storage += normalOrigin(storage + std::string(host)) ? host : head.fields.get("Host");
  }
  storage += head.target;
  return storage;
}

bool Answering::isOwnOrigin(const http::Exchange& exchange, std::string_view origin) const {
  std::string url;
  const auto own = normalOrigin(originPart(fullUrl(exchange, url)));
  return own && own == normalOrigin(origin);
}

void Answering::logRefusal(const plugin::Call& call, const Problem& problem) {
  const auto level = problem.status >= 500 ? log::Level::error : log::Level::debug;
  if (!log::enabled(level)) return;
  const log::Field fields[] = {
      {"operation", call.operationId()}, {"request_id", call.logId()}, {"client_request_id", call.clientRequestId()},
      {"status", problem.status},        {"code", problem.code},       {"note", problem.noteText}};
  log::write(level, "request refused", fields, std::size(fields));
}

}  // namespace mortise::kernel
