// Entities in the database: their rows, and the statements that write them, from the list of fields (entity.hpp).
//   auto mine = db::rows<Ticket>(session, "WHERE project_id = :p ORDER BY id", {{"p", project}});
//   auto one = db::find<Ticket>(session, id);
//   db::insert(session, ticket);
//   db::update<&Ticket::title, &Ticket::state>(session, ticket);
// `source` is a Session (inside a transaction: its session) or the Db itself, which leases a connection for the one
// statement, and runs one that writes again when it lost a race, as Db::execute() does. Texts of statements are built
// once per entity, so that each is prepared once per connection. [worker] and [start]; every function throws db::Error.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "mortise/db.hpp"
#include "mortise/entity.hpp"

namespace mortise::inline sdk1::db {

// A type with a list of fields.
template <class T>
concept Entity = requires(std::string& out, const T& value) {
  T::kFields.table;
  T::kFields.appendJson(out, value);
};

namespace detail {

// One text of many. Out of line: chains of append() and + are what the compiler spends its time on.
[[gnu::noinline]] inline std::string joined(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const auto& part : parts) size += part.size();
  std::string text;
  text.reserve(size);
  for (const auto& part : parts) text.append(part);
  return text;
}

// Reads the texts of a JSON list, as appendTexts() and json::list() write them; false when `text` is none.
[[gnu::noinline]] inline bool readTexts(std::string_view text, std::vector<std::string>& into) {
  const auto blank = [&] {
    while (!text.empty() && (text[0] == ' ' || text[0] == '\n' || text[0] == '\t' || text[0] == '\r'))
      text.remove_prefix(1);
  };
  const auto take = [&](char c) {
    blank();
    if (text.empty() || text[0] != c) return false;
    text.remove_prefix(1);
    return true;
  };
  const auto hex = [&](unsigned& code) {
    if (text.size() < 4) return false;
    code = 0;
    for (const char c : text.substr(0, 4)) {
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) return false;
      code = code * 16 + static_cast<unsigned>(digit);
    }
    text.remove_prefix(4);
    return true;
  };
  const auto escape = [&](std::string& out) {
    constexpr std::string_view kEscapes = "\"\\/bfnrt", kMeant = "\"\\/\b\f\n\r\t";
    if (text.empty()) return false;
    const char c = text[0];
    text.remove_prefix(1);
    if (const auto at = kEscapes.find(c); at != std::string_view::npos) {
      out.push_back(kMeant[at]);
      return true;
    }
    unsigned code = 0, low = 0;
    if (c != 'u' || !hex(code)) return false;
    if (code >= 0xD800 && code < 0xDC00) {
      if (text.substr(0, 2) != "\\u") return false;
      text.remove_prefix(2);
      if (!hex(low) || low < 0xDC00 || low > 0xDFFF) return false;
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code <= 0xDFFF) {
      return false;
    }
    const auto byte = [&](unsigned bits) { out.push_back(static_cast<char>(bits)); };
    if (code < 0x80) {
      byte(code);
    } else if (code < 0x800) {
      byte(0xC0 | code >> 6), byte(0x80 | (code & 63));
    } else if (code < 0x10000) {
      byte(0xE0 | code >> 12), byte(0x80 | (code >> 6 & 63)), byte(0x80 | (code & 63));
    } else {
      byte(0xF0 | code >> 18), byte(0x80 | (code >> 12 & 63)), byte(0x80 | (code >> 6 & 63)), byte(0x80 | (code & 63));
    }
    return true;
  };

  into.clear();
  if (!take('[')) return false;
  if (take(']')) return blank(), text.empty();
  do {
    if (!take('"')) return false;
    std::string& out = into.emplace_back();
    for (;;) {
      const auto plain = text.find_first_of("\"\\");
      if (plain == std::string_view::npos) return false;
      out.append(text.substr(0, plain));
      const char c = text[plain];
      text.remove_prefix(plain + 1);
      if (c == '"') break;
      if (!escape(out)) return false;
    }
  } while (take(','));
  if (!take(']')) return false;
  return blank(), text.empty();
}

template <>
struct Column<std::vector<std::string>> {
  static constexpr mortise_type kType = MORTISE_TEXT;
  static std::vector<std::string> read(const mortise_value& value) {
    std::vector<std::string> out;
    const Text text(value.as.text);
    if (value.type != MORTISE_NULL && readTexts(text, out)) return out;
    throw Error(Error::Kind::failed, "a column that is read as a list of texts holds no JSON list of texts");
  }
};

// Parameters of a statement, with the texts that no member holds. Every name is a literal or kept by its statement.
class Binding {
 public:
  // The most parameters that will come: nothing moves after it.
  explicit Binding(std::size_t most) {
    list_.reserve(most);
    texts_.reserve(most);
  }
  template <class T>
  void add(const char* name, const T& value) {
    if constexpr (std::is_same_v<T, std::vector<std::string>>) {
      addTexts(name, value);
    } else if constexpr (sdk1::detail::kIsOptional<T>) {
      if (value) {
        add(name, *value);
      } else {
        put(Parameter(name, nullptr));
      }
    } else {
      put(Parameter(name, value));
    }
  }
  operator Parameters() const noexcept { return Parameters(list_); }  // NOLINT: meant to convert

  // The value of that name, or null.
  const mortise_value* find(std::string_view name) const {
    for (const auto& each : list_) {
      if (Text(each.name) == name) return &each.value;
    }
    return nullptr;
  }

 private:
  // Out of line: every member of every entity comes through here.
  [[gnu::noinline]] void put(const Parameter& parameter) { list_.push_back(parameter); }
  [[gnu::noinline]] void addTexts(const char* name, const std::vector<std::string>& texts) {
    texts_.push_back(json::list(texts).text());
    put(Parameter(name, texts_.back()));
  }

  std::vector<Parameter> list_;
  std::vector<std::string> texts_;
};

template <class T>
inline constexpr std::size_t kFieldCount = std::tuple_size_v<std::remove_cvref_t<decltype(T::kFields.list)>>;

// Calls use(field) for each.
template <class T, class Use>
void eachField(Use&& use) {
  std::apply([&](const auto&... each) { (use(each), ...); }, T::kFields.list);
}

// The rules of all fields: what the texts are built from.
template <class T>
[[gnu::cold]] std::vector<FieldRules> rulesOf() {
  std::vector<FieldRules> rules;
  eachField<T>([&](const auto& field) { rules.push_back(field.rules); });
  return rules;
}

template <class T>
struct ColumnTypes {
  std::array<mortise_type, kFieldCount<T>> list{};
  std::size_t count = 0;
};
template <class T>
constexpr ColumnTypes<T> columnTypes() {
  ColumnTypes<T> out;
  std::apply(
      [&](const auto&... each) {
        ((each.rules.isComputed
              ? void()
              : void(out.list[out.count++] = Column<typename std::remove_cvref_t<decltype(each)>::Member>::kType)),
         ...);
      },
      T::kFields.list);
  return out;
}

template <class T>
[[gnu::noinline]] T entityOf(const mortise_value* values) {
  T out{};
  eachField<T>([&](const auto& field) {
    using Member = typename std::remove_cvref_t<decltype(field)>::Member;
    if (!field.rules.isComputed) field.access.of(out) = Column<Member>::read(*values++);
  });
  return out;
}

[[gnu::cold]] inline std::string selectText(const char* table, const std::vector<FieldRules>& rules) {
  std::string sql = "SELECT ";
  for (const auto& each : rules) {
    if (each.isComputed) continue;
    if (sql.size() > 7) sql += ", ";
    sql.append(table).append(".").append(each.column);
  }
  return sql.append(" FROM ").append(table).append(" ");
}
// "SELECT tickets.id, tickets.title FROM tickets ", built once. The names carry their table, so that a JOIN may follow.
template <Entity T>
const std::string& selectOf() {
  static const std::string kText = selectText(T::kFields.table, rulesOf<T>());
  return kText;
}

// Which fields of the list a statement binds.
using Chosen = std::vector<char>;
[[gnu::cold]] inline Chosen chosenOf(const std::vector<FieldRules>& rules, bool (*choose)(const FieldRules&)) {
  Chosen chosen;
  for (const auto& each : rules) chosen.push_back(choose(each) ? 1 : 0);
  return chosen;
}
inline bool isWritten(const FieldRules& rules) { return !rules.isComputed && !rules.isGenerated; }
inline bool isChanged(const FieldRules& rules) { return isWritten(rules) && !rules.isKey && !rules.isFixed; }

[[gnu::cold]] inline std::string keyText(const std::vector<FieldRules>& rules) {
  std::string sql;
  for (const auto& each : rules) {
    if (each.isKey) sql.append(sql.empty() ? "WHERE " : " AND ").append(each.column).append(" = :").append(each.column);
  }
  if (sql.empty()) throw Error(Error::Kind::invalid, "the entity has no field with key()");
  return sql;
}

// Names of parameters of the rows after the first: "title_1".
[[gnu::cold]] inline std::string rowName(const char* column, std::size_t row) {
  return row == 0 ? std::string(column) : std::string(column).append("_").append(std::to_string(row));
}
[[gnu::cold]] inline std::string insertText(const char* table, const std::vector<FieldRules>& rules, std::size_t rows) {
  std::string columns;
  for (const auto& each : rules) {
    if (isWritten(each)) columns.append(columns.empty() ? "" : ", ").append(each.column);
  }
  std::string sql = std::string("INSERT INTO ").append(table).append(" (").append(columns).append(") VALUES ");
  for (std::size_t row = 0; row < rows; ++row) {
    sql.append(row == 0 ? "(" : ", (");
    bool isFirst = true;
    for (const auto& each : rules) {
      if (!isWritten(each)) continue;
      sql.append(isFirst ? ":" : ", :").append(rowName(each.column, row));
      isFirst = false;
    }
    sql.push_back(')');
  }
  return sql;
}

[[gnu::cold]] inline std::string upsertText(const char* table, const std::vector<FieldRules>& rules) {
  std::string keys, changes;
  for (const auto& each : rules) {
    if (each.isKey) keys.append(keys.empty() ? "" : ", ").append(each.column);
    if (isChanged(each))
      changes.append(changes.empty() ? "" : ", ").append(each.column).append(" = excluded.").append(each.column);
  }
  if (keys.empty()) throw Error(Error::Kind::invalid, "the entity has no field with key()");
  std::string sql = insertText(table, rules, 1).append(" ON CONFLICT (").append(keys).append(") DO ");
  return changes.empty() ? sql.append("NOTHING") : sql.append("UPDATE SET ").append(changes);
}

[[gnu::cold]] inline std::string updateText(const char* table, const std::vector<FieldRules>& rules,
                                            const Chosen& chosen) {
  std::string changes;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (chosen[i] == 0) continue;
    const auto* column = rules[i].column;
    changes.append(changes.empty() ? "" : ", ").append(column).append(" = :").append(column);
  }
  if (changes.empty()) throw Error(Error::Kind::invalid, "the entity has no field that an update changes");
  return std::string("UPDATE ").append(table).append(" SET ").append(changes).append(" ").append(keyText(rules));
}

// Whether `field` is the one of a member pointer.
template <class Pointer, class Field>
constexpr bool isFieldOf(Pointer pointer, const Field& field) {
  if constexpr (requires { field.access.pointer == pointer; }) {
    return field.access.pointer == pointer;
  } else if constexpr (requires { field.access.outer == pointer; }) {
    return field.access.outer == pointer;  // the members of a member
  } else {
    return false;
  }
}
// Which fields update<Members...>() writes; without Members those that change.
template <class T, auto... Members>
[[gnu::cold]] Chosen chosenFields() {
  Chosen chosen;
  if constexpr (sizeof...(Members) == 0) {
    chosen = chosenOf(rulesOf<T>(), isChanged);
  } else {
    eachField<T>([&](const auto& field) {
      chosen.push_back(isWritten(field.rules) && (isFieldOf(Members, field) || ...) ? 1 : 0);
    });
  }
  return chosen;
}

// Binds the chosen fields of one entity. `names`: one for each field; null: the columns'.
template <class T>
[[gnu::noinline]] void bindFields(Binding& binding, const T& entity, const Chosen& chosen, const std::string* names) {
  std::size_t at = 0;
  eachField<T>([&](const auto& field) {
    if (chosen[at] != 0)
      binding.add(names == nullptr ? field.rules.column : names[at].c_str(), field.access.of(entity));
    ++at;
  });
}
template <class T>
Binding bindFields(const T& entity, const Chosen& chosen) {
  Binding binding(chosen.size());
  bindFields(binding, entity, chosen, nullptr);
  return binding;
}

// A statement that binds fields of one entity.
struct EntityStatement {
  std::string text;
  Chosen chosen;
};

// What a statement that reads runs on: the session given, or one of the database's.
template <class Source>
decltype(auto) readSession(Source& source) {
  if constexpr (std::is_same_v<std::remove_cv_t<Source>, Db>) {
    return source.read();
  } else {
    return static_cast<Session&>(source);
  }
}
// Runs `work(session)`, one statement that writes and returns rows.
template <class Source, class Work>
auto withWriter(Source& source, const Work& work) {
  if constexpr (std::is_same_v<std::remove_cv_t<Source>, Db>) {
    return Attempts::run([&source] { return source.write(); }, work);
  } else {
    return work(static_cast<Session&>(source));
  }
}

template <Entity T, class Take>
void scanEntities(Session& session, std::string_view sql, Parameters parameters, Take& take) {
  static constexpr auto kTypes = columnTypes<T>();
  session.scan(
      sql, parameters, kTypes.list.data(), kTypes.count,
      [](void* context, const mortise_value* values) { return (*static_cast<Take*>(context))(entityOf<T>(values)); },
      &take);
}

}  // namespace detail

// The entities of "SELECT (its columns) FROM (its table) " + `tail`; `tail`: a constant text, "WHERE … ORDER BY …", or
// "JOIN … WHERE …". Bound what it can return: every row is held in memory.
template <Entity T, class Source>
std::vector<T> rows(Source&& source, std::string_view tail = {}, Parameters parameters = {}) {
  std::vector<T> out;
  auto&& session = detail::readSession(source);
  auto take = [&](T&& one) {
    out.push_back(std::move(one));
    return true;
  };
  detail::scanEntities<T>(session, detail::joined({detail::selectOf<T>(), tail}), parameters, take);
  return out;
}

// The first of them, if there is one.
template <Entity T, class Source>
std::optional<T> row(Source&& source, std::string_view tail, Parameters parameters = {}) {
  std::optional<T> out;
  auto&& session = detail::readSession(source);
  auto take = [&](T&& one) {
    out.emplace(std::move(one));
    return false;
  };
  detail::scanEntities<T>(session, detail::joined({detail::selectOf<T>(), tail}), parameters, take);
  return out;
}

// Calls use(entity) for each of them, without holding more than one; stops early when `use` returns false.
template <Entity T, class Source, class Use>
void eachRow(Source&& source, std::string_view tail, Parameters parameters, Use&& use) {
  auto&& session = detail::readSession(source);
  auto take = [&](T&& one) {
    if constexpr (std::is_convertible_v<std::invoke_result_t<Use&, T>, bool>) {
      return static_cast<bool>(use(std::move(one)));
    } else {
      use(std::move(one));
      return true;
    }
  };
  detail::scanEntities<T>(session, detail::joined({detail::selectOf<T>(), tail}), parameters, take);
}

namespace detail {

// Binds one value per key field, in the order of the list.
template <Entity T, class... Keys>
Binding bindKeys(const Keys&... keys) {
  Binding binding(sizeof...(Keys));
  std::array<const char*, sizeof...(Keys)> names{};
  std::size_t count = 0;
  eachField<T>([&](const auto& field) {
    if (!field.rules.isKey) return;
    if (count < names.size()) names[count] = field.rules.column;
    ++count;
  });
  if (count != names.size()) throw Error(Error::Kind::invalid, "one value for each field with key() is needed");
  std::size_t at = 0;
  (binding.add(names[at++], keys), ...);
  return binding;
}

}  // namespace detail

// The entity with that primary key: find<Ticket>(session, id). One value per field with key(), in the list's order.
template <Entity T, class Source, class... Keys>
std::optional<T> find(Source&& source, const Keys&... keys) {
  static const std::string kTail = detail::keyText(detail::rulesOf<T>());
  return row<T>(source, kTail, detail::bindKeys<T>(keys...));
}

// How many rows "FROM (its table) " + `tail` has. Reads every one of them, from an index when it can.
template <Entity T, class Source>
std::int64_t count(Source&& source, std::string_view tail = {}, Parameters parameters = {}) {
  static const std::string kText = detail::joined({"SELECT COUNT(*) FROM ", T::kFields.table, " "});
  auto&& session = detail::readSession(source);
  return session.template queryOne<std::int64_t>(detail::joined({kText, tail}), parameters).value();
}

// Whether "FROM (its table) " + `tail` has a row.
template <Entity T, class Source>
bool exists(Source&& source, std::string_view tail, Parameters parameters = {}) {
  static const std::string kText = detail::joined({"SELECT 1 FROM ", T::kFields.table, " "});
  auto&& session = detail::readSession(source);
  return session.template queryOne<std::int64_t>(detail::joined({kText, tail, " LIMIT 1"}), parameters).has_value();
}

namespace detail {

template <Entity T>
const EntityStatement& insertOf() {
  static const EntityStatement kInsert{insertText(T::kFields.table, rulesOf<T>(), 1),
                                       chosenOf(rulesOf<T>(), isWritten)};
  return kInsert;
}

}  // namespace detail

// Adds its row. Throws Error{exists} when a UNIQUE or PRIMARY KEY constraint refuses it.
template <Entity T, class Source>
void insert(Source&& source, const T& entity) {
  const auto& statement = detail::insertOf<T>();
  source.execute(statement.text, detail::bindFields(entity, statement.chosen));
}

// Adds its row and returns it as the database has it: with the values of fields that are generated().
template <Entity T, class Source>
T insertReturning(Source&& source, const T& entity) {
  static const std::string kText = [] {
    const auto rules = detail::rulesOf<T>();
    std::string sql = detail::insertText(T::kFields.table, rules, 1).append(" RETURNING ");
    bool isFirst = true;
    for (const auto& each : rules) {
      if (each.isComputed) continue;
      sql.append(isFirst ? "" : ", ").append(each.column);
      isFirst = false;
    }
    return sql;
  }();
  T out = entity;
  auto take = [&](T&& stored) {
    out = std::move(stored);
    return false;
  };
  const auto binding = detail::bindFields(entity, detail::insertOf<T>().chosen);
  detail::withWriter(source, [&](Session& session) { detail::scanEntities<T>(session, kText, binding, take); });
  return out;
}

namespace detail {

// An INSERT of several rows at once.
struct ManyInsert {
  [[gnu::cold]] ManyInsert(const char* table, const std::vector<FieldRules>& rules, std::size_t count)
      : rows(count), text(insertText(table, rules, count)), chosen(chosenOf(rules, isWritten)) {
    for (std::size_t row = 0; row < rows; ++row) {
      for (const auto& each : rules) names.push_back(rowName(each.column, row));
    }
  }
  std::size_t rows;
  std::string text;
  Chosen chosen;
  std::vector<std::string> names;
};

}  // namespace detail

// Adds the rows of a list, many per statement. On a Session the caller's transaction decides whether all or none; on a
// Db it is one transaction of its own.
template <Entity T, class Source>
void insertAll(Source&& source, const std::vector<T>& entities) {
  if constexpr (std::is_same_v<std::remove_cvref_t<Source>, Db>) {
    source.transaction([&](auto& session) { insertAll<T>(session, entities); });
  } else {
    constexpr std::size_t kMany = 64, kSome = 8;
    static const auto kRules = detail::rulesOf<T>();
    static const detail::ManyInsert kInserts[] = {{T::kFields.table, kRules, kMany}, {T::kFields.table, kRules, kSome}};
    Session& session = source;
    for (std::size_t done = 0; done < entities.size();) {
      const std::size_t left = entities.size() - done;
      if (left < kSome) {
        insert(session, entities[done++]);
        continue;
      }
      const auto& many = kInserts[left >= kMany ? 0 : 1];
      detail::Binding binding(many.names.size());
      for (std::size_t row = 0; row < many.rows; ++row) {
        detail::bindFields(binding, entities[done + row], many.chosen, &many.names[row * kRules.size()]);
      }
      session.execute(many.text, binding);
      done += many.rows;
    }
  }
}

// Adds its row, or changes the one that has its primary key (all but fields that are key() or fixed()).
template <Entity T, class Source>
void upsert(Source&& source, const T& entity) {
  static const std::string kText = detail::upsertText(T::kFields.table, detail::rulesOf<T>());
  source.execute(kText, detail::bindFields(entity, detail::insertOf<T>().chosen));
}

// Writes the row that has its primary key: update(session, ticket) every field that is not key() or fixed();
// update<&Ticket::title, &Ticket::state>(session, ticket) only these. False: there is no such row.
template <auto... Members, class Source, Entity T>
bool update(Source&& source, const T& entity) {
  static const detail::EntityStatement kUpdate = [] {
    const auto rules = detail::rulesOf<T>();
    detail::EntityStatement statement;
    statement.chosen = detail::chosenFields<T, Members...>();
    statement.text = detail::updateText(T::kFields.table, rules, statement.chosen);
    for (std::size_t i = 0; i < rules.size(); ++i) {
      if (rules[i].isKey) statement.chosen[i] = 1;
    }
    return statement;
  }();
  return source.execute(kUpdate.text, detail::bindFields(entity, kUpdate.chosen)) > 0;
}

// Removes the row with that primary key: remove<Ticket>(session, id). False: there is none.
template <Entity T, class Source, class... Keys>
bool remove(Source&& source, const Keys&... keys) {
  static const std::string kText =
      detail::joined({"DELETE FROM ", T::kFields.table, " ", detail::keyText(detail::rulesOf<T>())});
  return source.execute(kText, detail::bindKeys<T>(keys...)) > 0;
}

}  // namespace mortise::inline sdk1::db
