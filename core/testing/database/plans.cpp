#include "core/testing/database/plans.hpp"

#include <rapidjson/document.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

namespace mortise::testing {
namespace {

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }
bool startsWith(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

struct Step {
  std::int64_t id, parent;
  std::string text;
};

std::string_view sqlOf(const mortise_testing_statement& statement) { return {statement.sql.data, statement.sql.size}; }

std::vector<db::Parameter> parametersOf(const mortise_testing_statement& statement) {
  std::vector<db::Parameter> out;
  out.reserve(statement.count);
  for (std::size_t i = 0; i < statement.count; ++i) {
    auto& parameter = out.emplace_back("", nullptr);
    parameter.name = statement.parameters[i].name;
    parameter.value = statement.parameters[i].value;
  }
  return out;
}

std::vector<Step> sqliteSteps(const Db& db, const mortise_testing_statement& statement) {
  std::vector<Step> steps;
  const auto parameters = parametersOf(statement);
  db.each<std::int64_t, std::int64_t, std::int64_t, std::string>(
      "EXPLAIN QUERY PLAN " + std::string(sqlOf(statement)), parameters,
      [&](std::int64_t id, std::int64_t parent, std::int64_t, std::string text) {
        steps.push_back({id, parent, std::move(text)});
      });
  return steps;
}

// What the planner says when it avoids reading whole tables and sorting wherever an index lets it: what remains of these
// is what no index can help. Its own choice depends on how few rows the test's table has.
std::string postgresqlPlan(const Db& db, const mortise_testing_statement& statement,
                           const mortise_testing_plan_rules& rules) {
  const auto parameters = parametersOf(statement);
  auto session = db.read();
  session.begin();
  for (const char* way : {"seqscan", "bitmapscan", "sort"}) {
    session.execute("SET LOCAL enable_" + std::string(way) + " = off");
  }
  if (rules.may_sort_ties == 0) session.execute("SET LOCAL enable_incremental_sort = off");
  std::string plan;
  session.each<std::string>("EXPLAIN (FORMAT JSON) " + std::string(sqlOf(statement)), parameters,
                            [&](const std::string& line) { plan += line; });
  return plan;
}

// "tickets" of "SCAN tickets USING INDEX …".
std::string_view scanned(std::string_view step) {
  step.remove_prefix(std::string_view("SCAN ").size());
  return step.substr(0, step.find(' '));
}

// A virtual table, as of FTS5, that looks up what it was asked for: "SCAN words VIRTUAL TABLE INDEX 0:M2". Without
// conditions nothing stands behind the colon.
bool searchesVirtualTable(std::string_view step) {
  const auto at = step.find(" VIRTUAL TABLE INDEX ");
  return at != std::string_view::npos && step.find(':', at) + 1 < step.size();
}

std::vector<std::string> sqliteFaults(const std::vector<Step>& steps, bool hasCondition,
                                      const mortise_testing_plan_rules& rules) {
  // A subquery with a LIMIT that runs for the rows it gives: reading and sorting these is cheap.
  const auto isSubquery = [&](std::string_view name) {
    return std::any_of(steps.begin(), steps.end(), [&](const Step& step) {
      return step.text == "CO-ROUTINE " + std::string(name) || step.text == "MATERIALIZE " + std::string(name);
    });
  };
  const auto startsWithSubquery = [&](std::int64_t parent) {
    const auto first = std::find_if(steps.begin(), steps.end(), [&](const Step& step) {
      return step.parent == parent && (startsWith(step.text, "SCAN ") || startsWith(step.text, "SEARCH "));
    });
    return first != steps.end() && startsWith(first->text, "SCAN ") && isSubquery(scanned(first->text));
  };
  std::vector<std::string> faults;
  for (const auto& step : steps) {
    if (startsWith(step.text, "SCAN ") && step.text != "SCAN CONSTANT ROW" && !isSubquery(scanned(step.text)) &&
        !searchesVirtualTable(step.text)) {
      if (!contains(step.text, " INDEX ") && !contains(step.text, "PRIMARY KEY")) {
        faults.push_back("reads the whole table: " + step.text);
      } else if (hasCondition && rules.may_filter == 0) {
        faults.push_back("reads the whole index in spite of its conditions: " + step.text);
      }
    }
    const bool sortsTies =
        contains(step.text, "RIGHT PART OF ORDER BY") || contains(step.text, "LAST TERM OF ORDER BY");
    if (startsWith(step.text, "USE TEMP B-TREE") && !(sortsTies && rules.may_sort_ties != 0) &&
        !startsWithSubquery(step.parent))
      faults.push_back("sorts: " + step.text);
  }
  return faults;
}

class PostgresqlPlan {
 public:
  PostgresqlPlan(const mortise_testing_plan_rules& rules, std::vector<std::string>& faults)
      : rules_(rules), faults_(faults) {}

  // `share`: the planner's estimate of the share of rows that the nodes above take, 0 to 1. Returns whether rows come
  // through a LIMIT below.
  bool check(const rapidjson::Value& node, double share = 1) {
    const std::string type = node["Node Type"].GetString();
    bool isLimited = false;
    if (node.HasMember("Plans")) {
      for (const auto& child : node["Plans"].GetArray()) {
        const double cost = child["Total Cost"].GetDouble();
        const double taken = type == "Limit" && cost > 0 ? node["Total Cost"].GetDouble() / cost : 1;
        isLimited = check(child, share * taken) || isLimited;
      }
    }
    constexpr double kMinFilteredShare = 0.1;  // a filter that most rows pass ends a page early
    if (type == "Seq Scan") faults_.push_back("reads the whole table: " + named(node));
    if (startsWith(type, "Index") && node.HasMember("Filter") && !node.HasMember("Index Cond") &&
        share > kMinFilteredShare && rules_.may_filter == 0) {
      faults_.push_back("reads the whole index in spite of its conditions: " + named(node));
    }
    const bool sortsTies = type == "Incremental Sort" && rules_.may_sort_ties != 0;
    if (contains(type, "Sort") && !sortsTies && !isLimited &&
        node["Plans"][0]["Plan Rows"].GetDouble() > rules_.small_sort)
      faults_.push_back("sorts: " + type);
    return isLimited || type == "Limit";
  }

 private:
  static std::string named(const rapidjson::Value& node) {
    std::string text = node["Node Type"].GetString();
    for (const char* member : {"Relation Name", "Index Name", "Filter"}) {
      if (node.HasMember(member)) text.append(" ").append(node[member].GetString());
    }
    return text;
  }

  const mortise_testing_plan_rules& rules_;
  std::vector<std::string>& faults_;
};

}  // namespace

std::string planOf(const Db& db, bool isPostgresql, const mortise_testing_statement& statement,
                   const mortise_testing_plan_rules& rules) {
  if (isPostgresql) return postgresqlPlan(db, statement, rules);
  std::string plan;
  for (const auto& step : sqliteSteps(db, statement)) plan.append(step.text).append("\n");
  return plan;
}

std::vector<std::string> planFaults(const Db& db, bool isPostgresql, const mortise_testing_statement& statement,
                                    const mortise_testing_plan_rules& rules) {
  const auto sql = sqlOf(statement);
  if (startsWith(sql, "INSERT")) return {};
  if (!isPostgresql) return sqliteFaults(sqliteSteps(db, statement), contains(sql, "WHERE"), rules);
  rapidjson::Document plan;
  plan.Parse(postgresqlPlan(db, statement, rules));
  if (plan.HasParseError() || !plan.IsArray() || plan.Empty()) return {"PostgreSQL gave no plan"};
  std::vector<std::string> faults;
  PostgresqlPlan(rules, faults).check(plan[0]["Plan"]);
  return faults;
}

}  // namespace mortise::testing
