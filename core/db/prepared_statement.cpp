#include "core/db/prepared_statement.hpp"

namespace mortise::db {
namespace {

// The column type for a value: NULL fits any type, text where nothing better is known.
ColumnType typeOf(const Value& value) {
  if (std::holds_alternative<std::int64_t>(value)) return ColumnType::integer;
  if (std::holds_alternative<double>(value)) return ColumnType::real;
  return ColumnType::text;
}

}  // namespace

PreparedStatement::PreparedStatement(soci::session& session, std::string_view sql, const Parameters& parameters,
                                     std::span<const ColumnType> columns, Caching caching)
    : slots_(parameters.size()), columns_(columns.size()), statement_(session) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    Column& column = columns_[i];
    column.type = columns[i];
    switch (column.type) {
      case ColumnType::integer:
        statement_.exchange(soci::into(column.integer, column.indicator));
        break;
      case ColumnType::real:
        statement_.exchange(soci::into(column.real, column.indicator));
        break;
      case ColumnType::text:
        statement_.exchange(soci::into(column.text, column.indicator));
        break;
    }
  }
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    slot.name = parameters[i].first;
    slot.type = typeOf(parameters[i].second);
    switch (slot.type) {
      case ColumnType::integer:
        statement_.exchange(soci::use(slot.integer, slot.indicator, slot.name));
        break;
      case ColumnType::real:
        statement_.exchange(soci::use(slot.real, slot.indicator, slot.name));
        break;
      case ColumnType::text:
        statement_.exchange(soci::use(slot.text, slot.indicator, slot.name));
        break;
    }
  }
  statement_.alloc();
  statement_.prepare(std::string(sql), caching == Caching::byServer ? soci::details::st_repeatable_query
                                                                    : soci::details::st_one_time_query);
  statement_.define_and_bind();
}

bool PreparedStatement::fits(const Parameters& parameters, std::span<const ColumnType> columns) const {
  if (parameters.size() != slots_.size() || columns.size() != columns_.size()) return false;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const auto& [name, value] = parameters[i];
    if (slots_[i].name != name) return false;
    if (!std::holds_alternative<std::monostate>(value) && slots_[i].type != typeOf(value)) return false;
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].type != columns[i]) return false;
  }
  return true;
}

void PreparedStatement::assign(const Parameters& parameters) {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    const Value& value = parameters[i].second;
    slot.indicator = soci::i_ok;
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      slot.integer = *integer;
    } else if (const auto* real = std::get_if<double>(&value)) {
      slot.real = *real;
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      slot.text = *text;
    } else {
      slot.indicator = soci::i_null;
    }
  }
}

std::vector<std::string_view> PreparedStatement::names() const {
  std::vector<std::string_view> names;
  for (const Slot& slot : slots_) names.push_back(slot.name);
  return names;
}

}  // namespace mortise::db
