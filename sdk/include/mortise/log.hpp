// Structured log lines: log/1.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "mortise/abi/log.h"
#include "mortise/host.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

// One name and value of a log line. Numbers and booleans are written out.
struct LogField {
  template <class T, std::enable_if_t<std::is_arithmetic_v<T>, int> = 0>
  LogField(std::string_view field_name, T value) : name(field_name), text(number(value)) {}
  LogField(std::string_view field_name, std::string_view value) : name(field_name), text(value) {}

  std::string_view name;
  std::string text;

 private:
  static std::string number(bool value) { return value ? "true" : "false"; }
  template <class T>
  static std::string number(T value) {
    return std::to_string(value);
  }
};

// log.info("mail sent", {{"to", user}, {"ms", 12}}). The kernel adds time, module and, inside a call, the request id.
// Never pass secrets. [any], never blocks, never throws: a line that cannot be written is counted by the kernel.
class Log {
 public:
  using Table = mortise_log_v1;
  static constexpr const char* kInterface = MORTISE_LOG_V1;
  Log(mortise_host* host, const Table* table) noexcept : host_(host), table_(table) {}

  void debug(std::string_view message, std::initializer_list<LogField> fields = {}) const {
    write(MORTISE_LOG_DEBUG, message, fields);
  }
  void info(std::string_view message, std::initializer_list<LogField> fields = {}) const {
    write(MORTISE_LOG_INFO, message, fields);
  }
  void warning(std::string_view message, std::initializer_list<LogField> fields = {}) const {
    write(MORTISE_LOG_WARNING, message, fields);
  }
  void error(std::string_view message, std::initializer_list<LogField> fields = {}) const {
    write(MORTISE_LOG_ERROR, message, fields);
  }
  // For lines that are costly to put together.
  bool enabled(mortise_log_level level) const noexcept { return table_->enabled(host_, level) != 0; }

  void write(mortise_log_level level, std::string_view message, std::initializer_list<LogField> fields = {}) const {
    if (!enabled(level)) return;
    std::vector<mortise_pair> pairs;
    pairs.reserve(fields.size());
    for (const auto& field : fields) pairs.push_back({detail::str(field.name), detail::str(field.text)});
    table_->write(host_, level, detail::str(message), pairs.data(), pairs.size());
  }

 private:
  mortise_host* host_;
  const Table* table_;
};

inline Log Host::log() const { return need<Log>(); }

}  // namespace mortise::inline sdk1
