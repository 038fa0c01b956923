#include "mortise/testing/plans.hpp"

#include <rapidjson/document.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace mortise::testing {
namespace {

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }
bool startsWith(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

struct Step {
  std::int64_t id, parent;
  std::string text;
};

std::vector<Step> sqliteSteps(const TestDatabase& database, const RecordedStatement& statement) {
  std::vector<Step> steps;
  const auto parameters = statement.parameters();
  database.db().each<std::int64_t, std::int64_t, std::int64_t, std::string>(
      "EXPLAIN QUERY PLAN " + statement.sql, parameters,
      [&](std::int64_t id, std::int64_t parent, std::int64_t, std::string text) {
        steps.push_back({id, parent, std::move(text)});
      });
  return steps;
}

// What the planner says when it avoids reading whole tables and sorting wherever an index lets it: what remains of these
// is what no index can help. Its own choice depends on how few rows the test's table has.
std::string postgresqlPlan(const TestDatabase& database, const RecordedStatement& statement, const PlanRules& rules) {
  const auto parameters = statement.parameters();
  auto session = database.db().read();
  session.begin();
  for (const char* way : {"seqscan", "bitmapscan", "sort"}) {
    session.execute("SET LOCAL enable_" + std::string(way) + " = off");
  }
  if (!rules.maySortTies) session.execute("SET LOCAL enable_incremental_sort = off");
  std::string plan;
  session.each<std::string>("EXPLAIN (FORMAT JSON) " + statement.sql, parameters,
                            [&](const std::string& line) { plan += line; });
  return plan;
}

// "tickets" of "SCAN tickets USING INDEX …".
std::string_view scanned(std::string_view step) {
  step.remove_prefix(std::string_view("SCAN ").size());
  return step.substr(0, step.find(' '));
}

std::vector<std::string> sqliteFaults(const std::vector<Step>& steps, bool hasCondition, const PlanRules& rules) {
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
    if (startsWith(step.text, "SCAN ") && step.text != "SCAN CONSTANT ROW" && !isSubquery(scanned(step.text))) {
      if (!contains(step.text, " INDEX ") && !contains(step.text, "PRIMARY KEY")) {
        faults.push_back("reads the whole table: " + step.text);
      } else if (hasCondition && !rules.mayFilter) {
        faults.push_back("reads the whole index in spite of its conditions: " + step.text);
      }
    }
    const bool sortsTies =
        contains(step.text, "RIGHT PART OF ORDER BY") || contains(step.text, "LAST TERM OF ORDER BY");
    if (startsWith(step.text, "USE TEMP B-TREE") && !(sortsTies && rules.maySortTies) &&
        !startsWithSubquery(step.parent))
      faults.push_back("sorts: " + step.text);
  }
  return faults;
}

class PostgresqlPlan {
 public:
  PostgresqlPlan(const PlanRules& rules, std::vector<std::string>& faults) : rules_(rules), faults_(faults) {}

  // `share`: how much of its rows the planner expects the nodes above to take, 0 to 1. Returns whether rows come through
  // a LIMIT below.
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
    constexpr double kLittle = 0.1;  // a filter that most rows pass ends a page early
    if (type == "Seq Scan") faults_.push_back("reads the whole table: " + named(node));
    if (startsWith(type, "Index") && node.HasMember("Filter") && !node.HasMember("Index Cond") && share > kLittle &&
        !rules_.mayFilter) {
      faults_.push_back("reads the whole index in spite of its conditions: " + named(node));
    }
    const bool sortsTies = type == "Incremental Sort" && rules_.maySortTies;
    if (contains(type, "Sort") && !sortsTies && !isLimited &&
        node["Plans"][0]["Plan Rows"].GetDouble() > rules_.smallSort)
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

  const PlanRules& rules_;
  std::vector<std::string>& faults_;
};

}  // namespace

std::string planOf(const TestDatabase& database, const RecordedStatement& statement, const PlanRules& rules) {
  if (database.backend() == Backend::postgresql) return postgresqlPlan(database, statement, rules);
  std::string plan;
  for (const auto& step : sqliteSteps(database, statement)) plan.append(step.text).append("\n");
  return plan;
}

::testing::AssertionResult isIndexed(const TestDatabase& database, const RecordedStatement& statement,
                                     const PlanRules& rules) {
  if (startsWith(statement.sql, "INSERT")) return ::testing::AssertionSuccess();
  std::vector<std::string> faults;
  if (database.backend() == Backend::sqlite) {
    faults = sqliteFaults(sqliteSteps(database, statement), contains(statement.sql, "WHERE"), rules);
  } else {
    rapidjson::Document plan;
    plan.Parse(postgresqlPlan(database, statement, rules));
    if (plan.HasParseError() || !plan.IsArray() || plan.Empty())
      return ::testing::AssertionFailure() << "PostgreSQL gave no plan for " << statement.sql;
    PostgresqlPlan(rules, faults).check(plan[0]["Plan"]);
  }
  if (faults.empty()) return ::testing::AssertionSuccess();
  auto failure = ::testing::AssertionFailure();
  for (const auto& fault : faults) failure << fault << "\n";
  return failure << "  in " << statement.sql << "\n" << planOf(database, statement, rules) << "\n";
}

::testing::AssertionResult plansAreIndexed(const TestDatabase& database, const std::function<void()>& work,
                                           const PlanRules& rules) {
  const auto statements = database.record(work);
  if (statements.empty()) return ::testing::AssertionFailure() << "no statement was run";
  auto failure = ::testing::AssertionFailure();
  bool isGood = true;
  for (const auto& statement : statements) {
    const auto result = isIndexed(database, statement, rules);
    if (result) continue;
    isGood = false;
    failure << result.message();
  }
  return isGood ? ::testing::AssertionSuccess() : failure;
}

}  // namespace mortise::testing
