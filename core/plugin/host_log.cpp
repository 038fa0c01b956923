// log/1 over core/ops/log.
#include "core/ops/log.hpp"

#include <vector>

#include "core/plugin/call.hpp"
#include "core/plugin/host_errors.hpp"
#include "core/plugin/host_tables.hpp"
#include "core/plugin/lane.hpp"
#include "mortise/abi/log.h"

namespace mortise::plugin {
namespace {

log::Level levelOf(mortise_log_level level) {
  switch (level) {
    case MORTISE_LOG_DEBUG:
      return log::Level::debug;
    case MORTISE_LOG_INFO:
      return log::Level::info;
    case MORTISE_LOG_WARNING:
      return log::Level::warning;
    default:
      return log::Level::error;
  }
}

extern "C" {

void logWrite(mortise_host* raw, mortise_log_level level, mortise_str message, const mortise_pair* fields,
              size_t count) {
  const auto* host = hostOf(raw);
  if (host == nullptr) return;
  guardedOr(host, "log/1 write", 0, [&] {
    if (!log::enabled(levelOf(level))) return 0;
    std::vector<log::Field> all;
    all.reserve(count + 3);
    all.emplace_back("module", host->moduleName());
    if (const auto id = currentRequestId(); !id.empty()) all.emplace_back("request_id", id);
    if (!currentThread.jobId.empty()) all.emplace_back("job", currentThread.jobId);
    for (size_t i = 0; fields != nullptr && i < count; ++i)
      all.emplace_back(view(fields[i].name), view(fields[i].value));
    log::write(levelOf(level), view(message), all.data(), all.size());
    return 0;
  });
}

int32_t logEnabled(mortise_host*, mortise_log_level level) { return log::enabled(levelOf(level)) ? 1 : 0; }

}  // extern "C"

const mortise_log_v1 kTable = {sizeof(mortise_log_v1), &logWrite, &logEnabled};

}  // namespace

template <>
ServedInterface serve<mortise_log_v1>(std::string_view name) {
  return {name, &kTable, &always};
}

}  // namespace mortise::plugin
