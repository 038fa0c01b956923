// Structured logging. Callers give a message and fields; secrets are never passed in. Backed by spdlog (asynchronous,
// never blocks an I/O thread).
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace mortise::log {

enum class Level { trace, debug, info, warning, error, off };
enum class Format { logfmt, json };

struct Field {
  std::string_view key;
  std::string value;
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(v) {}
  Field(std::string_view k, bool v) : key(k), value(v ? "true" : "false") {}
  template <typename Number>
  requires std::is_arithmetic_v<Number> Field(std::string_view k, Number v) : key(k), value(std::to_string(v)) {}
};
using FieldList = std::initializer_list<Field>;

// Call once at start. Before that, lines go to stderr as logfmt at level info. [main thread]
void configure(Level level, Format format);
Level levelFrom(std::string_view text, bool& known);
bool enabled(Level level);
void write(Level level, std::string_view message, const Field* fields, std::size_t count);
void flush();

inline void debug(std::string_view message, FieldList fields = {}) {
  write(Level::debug, message, fields.begin(), fields.size());
}
inline void info(std::string_view message, FieldList fields = {}) {
  write(Level::info, message, fields.begin(), fields.size());
}
inline void warning(std::string_view message, FieldList fields = {}) {
  write(Level::warning, message, fields.begin(), fields.size());
}
inline void error(std::string_view message, FieldList fields = {}) {
  write(Level::error, message, fields.begin(), fields.size());
}

}  // namespace mortise::log
