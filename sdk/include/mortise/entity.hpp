// One list of fields for an entity, from which its columns, rows, statements (rows.hpp) and JSON come:
//   struct Ticket {
//     std::string id, projectId, title;
//     std::optional<std::string> assignee;
//     State state = State::open;
//     std::vector<std::string> labels;
//     Time createdAt;
//
//     static constexpr auto kFields = mortise::fields("projects_tickets",
//         mortise::field("id", &Ticket::id).key(),
//         mortise::field("project_id", &Ticket::projectId).fixed(),
//         mortise::field("title", &Ticket::title),
//         mortise::field("assignee", &Ticket::assignee),
//         mortise::field("state", &Ticket::state),
//         mortise::field("labels", &Ticket::labels),
//         mortise::field("created_at", &Ticket::createdAt).fixed()).times(mortise::kIsoMillis);
//   };
//   return Reply::ok(json::from(ticket).add("links", links));
// Members come before the list. Every text handed to field() and fields() is a literal: it is kept by its address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "mortise/json.hpp"
#include "mortise/names.hpp"
#include "mortise/time.hpp"

namespace mortise::inline sdk1 {

// What a field is, apart from its member's type.
struct FieldRules {
  const char* column = "";     // in the table; also the name of its parameter
  const char* name = "";       // in JSON
  const char* zone = nullptr;  // of a Time; null: as the whole list says
  std::uint8_t digits = 0;     // with zone
  bool isKey = false;
  bool isHidden = false;
  bool isGenerated = false;
  bool isFixed = false;
  bool isComputed = false;
  bool isJson = false;
  bool isNullWhenEmpty = false;
  bool isLeftOutWhenNull = false;
};

namespace detail {

template <class Owner, class Member>
struct DirectMember {
  Member Owner::*pointer;
  constexpr const Member& of(const Owner& owner) const { return owner.*pointer; }
  constexpr Member& of(Owner& owner) const { return owner.*pointer; }
};
template <class Owner, class Outer, class Member>
struct NestedMember {
  Outer Owner::*outer;
  Member Outer::*inner;
  constexpr const Member& of(const Owner& owner) const { return owner.*outer.*inner; }
  constexpr Member& of(Owner& owner) const { return owner.*outer.*inner; }
};

}  // namespace detail

// One field. Made by field(); each function returns a changed copy.
template <class EntityType, class MemberType, class Access>
struct Field {
  using Entity = EntityType;
  using Member = MemberType;

  // Its name in JSON, where that differs from the column's.
  constexpr Field as(const char* json_name) const {
    Field out = *this;
    out.rules.name = json_name;
    return out;
  }
  // Part of the primary key: update(), remove(), find() and upsert() go by it.
  constexpr Field key() const {
    Field out = *this;
    out.rules.isKey = true;
    return out;
  }
  // For the server only: a column, never in JSON.
  constexpr Field hidden() const {
    Field out = *this;
    out.rules.isHidden = true;
    return out;
  }
  // The database makes its value: read, never written.
  constexpr Field generated() const {
    Field out = *this;
    out.rules.isGenerated = true;
    return out;
  }
  // Written by insert(), and left alone by update() and by an upsert() that meets a row.
  constexpr Field fixed() const {
    Field out = *this;
    out.rules.isFixed = true;
    return out;
  }
  // In JSON only: a member without a column.
  constexpr Field computed() const {
    Field out = *this;
    out.rules.isComputed = true;
    return out;
  }
  // The text is JSON: it stands in JSON as it is, an empty one as null.
  constexpr Field json() const {
    Field out = *this;
    out.rules.isJson = true;
    return out;
  }
  // An empty text, or a Time at the epoch, is null in JSON.
  constexpr Field nullWhenEmpty() const {
    Field out = *this;
    out.rules.isNullWhenEmpty = true;
    return out;
  }
  // Left out of JSON where it would be null.
  constexpr Field leftOutWhenNull() const {
    Field out = *this;
    out.rules.isLeftOutWhenNull = true;
    return out;
  }
  // How this Time, or optional Time, is written in JSON.
  constexpr Field iso(TimeForm form) const {
    Field out = *this;
    out.rules.zone = form.zone;
    out.rules.digits = form.digits;
    return out;
  }
  // JSON by a function of your own; the column is not touched.
  constexpr Field written(json::Value (*convert)(const Member&)) const {
    Field out = *this;
    out.toJson = convert;
    return out;
  }

  FieldRules rules;
  Access access;
  json::Value (*toJson)(const Member&) = nullptr;
};

// A column and the member that holds it. Members are integers of every width, bool, double, std::string, Time, enums
// with names (names.hpp), std::vector<std::string> (a TEXT column with a JSON list), json::Value (a TEXT column with
// JSON), and std::optional of these (NULL).
template <class Entity, class Member>
constexpr auto field(const char* column, Member Entity::*member) {
  using Access = detail::DirectMember<Entity, Member>;
  return Field<Entity, Member, Access>{FieldRules{column, column}, Access{member}};
}
// A member of a member: field("items_synced", &Record::counters, &Counters::synced)
template <class Entity, class Outer, class Member>
constexpr auto field(const char* column, Outer Entity::*outer, Member Outer::*member) {
  using Access = detail::NestedMember<Entity, Outer, Member>;
  return Field<Entity, Member, Access>{FieldRules{column, column}, Access{outer, member}};
}

namespace detail {

[[gnu::noinline]] inline bool appendJsonName(std::string& out, bool isFirst, const char* name) {
  if (!isFirst) out.push_back(',');
  json::appendQuoted(out, name);
  out.push_back(':');
  return false;
}

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

// Whether `value` is written as null under `rules`.
template <class T>
bool isJsonNull(const T& value, const FieldRules& rules) {
  if constexpr (kIsOptional<T>) {
    return !value || isJsonNull(*value, rules);
  } else if constexpr (kIsTime<T>) {
    return rules.isNullWhenEmpty && micros(value) == 0;
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return (rules.isNullWhenEmpty || rules.isJson) && std::string_view(value).empty();
  } else {
    return false;
  }
}

template <class T>
[[gnu::noinline]] void appendJsonValue(std::string& out, const T& value, const FieldRules& rules, TimeForm time) {
  if (isJsonNull(value, rules)) {
    out.append("null");
    return;
  }
  if constexpr (kIsOptional<T>) {
    appendJsonValue(out, *value, rules, time);
  } else if constexpr (kIsTime<T>) {
    json::appendQuoted(out, isoTime(value, time));
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    if (rules.isJson) {
      out.append(std::string_view(value));
    } else {
      json::appendQuoted(out, value);
    }
  } else if constexpr (std::is_same_v<T, bool>) {
    out.append(value ? "true" : "false");
  } else if constexpr (std::is_integral_v<T>) {
    json::appendInteger(out, value);
  } else if constexpr (std::is_floating_point_v<T>) {
    json::appendReal(out, value);
  } else if constexpr (std::is_enum_v<T>) {
    json::appendQuoted(out, nameOf(value));
  } else if constexpr (std::is_same_v<T, json::Value>) {
    out.append(value.text());
  } else if constexpr (json::Writable<T>) {
    using json::mortiseAppendJson;
    mortiseAppendJson(out, value);
  } else {  // a range
    out.push_back('[');
    bool isFirst = true;
    for (const auto& element : value) {
      if (!isFirst) out.push_back(',');
      isFirst = false;
      appendJsonValue(out, element, rules, time);
    }
    out.push_back(']');
  }
}

template <class One, class Entity>
void appendJsonField(std::string& out, bool& isFirst, const One& one, const Entity& entity, TimeForm time) {
  const FieldRules& rules = one.rules;
  if (rules.isHidden) return;
  const auto& value = one.access.of(entity);
  if (rules.isLeftOutWhenNull && isJsonNull(value, rules)) return;
  isFirst = appendJsonName(out, isFirst, rules.name);
  if (one.toJson != nullptr) {
    out.append(one.toJson(value).text());
  } else {
    appendJsonValue(out, value, rules, rules.zone == nullptr ? time : TimeForm{rules.digits, rules.zone});
  }
}

}  // namespace detail

// The fields of an entity, in the order of its JSON. Made by fields().
template <class... Each>
struct Fields {
  // How the Times of this list are written in JSON where a field says nothing else; without: kIsoMicros.
  constexpr Fields times(TimeForm form) const {
    Fields out = *this;
    out.time = form;
    return out;
  }

  // Appends `entity` as a JSON object. Called through json::from, json::list and wherever a JSON value may stand.
  template <class Entity>
  void appendJson(std::string& out, const Entity& entity) const {
    out.push_back('{');
    bool isFirst = true;
    std::apply([&](const auto&... each) { (detail::appendJsonField(out, isFirst, each, entity, time), ...); }, list);
    out.push_back('}');
  }

  const char* table = "";
  std::tuple<Each...> list;
  TimeForm time{};
};

// `table`: the entity's table. The list stands in the entity as `static constexpr auto kFields`.
template <class... Each>
constexpr auto fields(const char* table, Each... each) {
  return Fields<Each...>{table, std::tuple<Each...>(each...)};
}

}  // namespace mortise::inline sdk1
