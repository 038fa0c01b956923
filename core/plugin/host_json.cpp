// json/1 over rapidjson values: a mortise_json is a json::Value.
#include "core/base/json.hpp"

#include <cmath>
#include <limits>

#include "core/plugin/host_errors.hpp"
#include "core/plugin/host_tables.hpp"
#include "mortise/abi/json.h"

namespace mortise::plugin {
namespace {

const json::Value* valueOf(const mortise_json* node) { return reinterpret_cast<const json::Value*>(node); }
const mortise_json* nodeOf(const json::Value* value) { return reinterpret_cast<const mortise_json*>(value); }

// Truncates towards zero; a number out of range gives 0.
std::int64_t truncated(double number) {
  constexpr double kLimit = 9223372036854775808.0;        // 2^63
  if (!(number >= -kLimit && number < kLimit)) return 0;  // NaN too
  return static_cast<std::int64_t>(number);
}

extern "C" {

mortise_type jsonType(const mortise_json* node) {
  const auto* value = valueOf(node);
  if (value == nullptr) return MORTISE_NULL;
  switch (value->GetType()) {
    case rapidjson::kFalseType:
    case rapidjson::kTrueType:
      return MORTISE_BOOLEAN;
    case rapidjson::kNumberType:
      return value->IsInt64() ? MORTISE_INTEGER : MORTISE_REAL;
    case rapidjson::kStringType:
      return MORTISE_TEXT;
    case rapidjson::kArrayType:
      return MORTISE_LIST;
    case rapidjson::kObjectType:
      return MORTISE_OBJECT;
    case rapidjson::kNullType:
      break;
  }
  return MORTISE_NULL;
}

int32_t jsonBoolean(const mortise_json* node) {
  const auto* value = valueOf(node);
  return value != nullptr && value->IsTrue() ? 1 : 0;
}

int64_t jsonInteger(const mortise_json* node) {
  const auto* value = valueOf(node);
  if (value == nullptr || !value->IsNumber()) return 0;
  if (value->IsInt64()) return value->GetInt64();
  if (value->IsUint64()) return 0;  // above 2^63 - 1
  return truncated(value->GetDouble());
}

double jsonReal(const mortise_json* node) {
  const auto* value = valueOf(node);
  return value != nullptr && value->IsNumber() ? value->GetDouble() : 0;
}

mortise_str jsonText(const mortise_json* node) {
  const auto* value = valueOf(node);
  return value != nullptr && value->IsString() ? str(json::view(*value)) : mortise_str{};
}

size_t jsonSize(const mortise_json* node) {
  const auto* value = valueOf(node);
  if (value == nullptr) return 0;
  if (value->IsArray()) return value->Size();
  return value->IsObject() ? value->MemberCount() : 0;
}

const mortise_json* jsonAt(const mortise_json* node, size_t index) {
  const auto* value = valueOf(node);
  if (value == nullptr || !value->IsArray() || index >= value->Size()) return nullptr;
  return nodeOf(&(*value)[static_cast<rapidjson::SizeType>(index)]);
}

const mortise_json* jsonMember(const mortise_json* node, mortise_str name) {
  const auto* value = valueOf(node);
  return value != nullptr && value->IsObject() ? nodeOf(json::member(*value, view(name))) : nullptr;
}

mortise_str jsonNameAt(const mortise_json* node, size_t index) {
  const auto* value = valueOf(node);
  if (value == nullptr || !value->IsObject() || index >= value->MemberCount()) return {};
  return str(json::view((value->MemberBegin() + static_cast<std::ptrdiff_t>(index))->name));
}

const mortise_json* jsonValueAt(const mortise_json* node, size_t index) {
  const auto* value = valueOf(node);
  if (value == nullptr || !value->IsObject() || index >= value->MemberCount()) return nullptr;
  return nodeOf(&(value->MemberBegin() + static_cast<std::ptrdiff_t>(index))->value);
}

void jsonWrite(const mortise_json* node, void (*sink)(void*, mortise_str), void* context) {
  if (sink == nullptr) return;
  guardedOr(nullptr, "json/1 write", 0, [&] {
    const std::string text = node == nullptr ? "null" : json::toText(*valueOf(node));
    sink(context, str(text));
    return 0;
  });
}

}  // extern "C"

const mortise_json_v1 kTable = {sizeof(mortise_json_v1),
                                &jsonType,
                                &jsonBoolean,
                                &jsonInteger,
                                &jsonReal,
                                &jsonText,
                                &jsonSize,
                                &jsonAt,
                                &jsonMember,
                                &jsonNameAt,
                                &jsonValueAt,
                                &jsonWrite};

}  // namespace

template <>
ServedInterface serve<mortise_json_v1>(std::string_view name) {
  return {name, &kTable, &always};
}

}  // namespace mortise::plugin
