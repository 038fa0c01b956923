#include "core/kernel/answering.hpp"

#include <iterator>

#include "core/base/text.hpp"
#include "core/ops/log.hpp"

namespace mortise::kernel {

std::string_view Answering::fullUrl(const http::Exchange& exchange, std::string& storage) const {
  if (!storage.empty()) return storage;
  const auto& head = exchange.head();
  if (!publicUrl_.empty()) {
    storage = publicUrl_;
  } else {
    const auto forwarded =
        parts_.proxies.trusts(exchange.peer()) ? head.fields.get("X-Forwarded-Proto") : std::string_view{};
    storage = forwarded == "https" ? "https://" : "http://";
    storage += head.fields.get("Host");
  }
  storage += head.target;
  return storage;
}

bool Answering::isOwnOrigin(const http::Exchange& exchange, std::string_view origin) const {
  std::string url;
  const auto own = fullUrl(exchange, url);
  return own.size() > origin.size() && own[origin.size()] == '/' &&
         text::equalsIgnoreCase(own.substr(0, origin.size()), origin);
}

void Answering::logRefusal(std::string_view operationId, std::string_view requestId, const Problem& problem) {
  const auto level = problem.status >= 500 ? log::Level::error : log::Level::debug;
  if (!log::enabled(level)) return;
  const log::Field fields[] = {{"operation", operationId},
                               {"request_id", requestId},
                               {"status", problem.status},
                               {"code", problem.code},
                               {"note", problem.noteText}};
  log::write(level, "request refused", fields, std::size(fields));
}

}  // namespace mortise::kernel
