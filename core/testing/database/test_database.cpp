#include "mortise/testing/test_database.hpp"

#include <algorithm>

#include "core/testing/database/host_database.hpp"

namespace mortise::testing {

std::vector<db::Parameter> RecordedStatement::parameters() const {
  std::vector<db::Parameter> out;
  out.reserve(values.size());
  for (const auto& each : values) {
    auto& parameter = out.emplace_back(each.name, nullptr);
    parameter.value = each.value;
    if (each.value.type == MORTISE_TEXT) parameter.value.as.text = {each.text.data(), each.text.size()};
  }
  return out;
}

struct TestDatabase::Parts {
  Backend backend;
  std::unique_ptr<HostDatabase> database;
};

TestDatabase::TestDatabase(Backend backend, const std::string& module, const std::string& migrations)
    : parts_(std::make_unique<Parts>()) {
  parts_->backend = backend;
  parts_->database = HostDatabase::open(backend == Backend::postgresql, module, migrations);
}

TestDatabase::~TestDatabase() = default;

bool TestDatabase::hasPostgresql() { return HostDatabase::hasPostgresql(); }

Db TestDatabase::db() const { return Db(parts_->database->host(), parts_->database->table()); }

Backend TestDatabase::backend() const { return parts_->backend; }

void TestDatabase::run(const std::string& sql) const { parts_->database->run(sql); }

void TestDatabase::fill(std::string_view table, std::int64_t rows,
                        const std::vector<std::pair<std::string, std::string>>& columns) const {
  std::string names, values;
  for (const auto& [name, expression] : columns) {
    names.append(names.empty() ? "" : ", ").append(name);
    values.append(values.empty() ? "" : ", ").append(expression);
  }
  run("WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < " + std::to_string(rows) +
      ") INSERT INTO " + std::string(table) + " (" + names + ") SELECT " + values + " FROM numbers");
}

void TestDatabase::analyze() const { parts_->database->analyze(); }

std::vector<RecordedStatement> TestDatabase::record(const std::function<void()>& work) const {
  std::vector<RecordedStatement> statements;
  const auto note = [&](mortise_str sql, const mortise_db_parameter* parameters, std::size_t count) {
    RecordedStatement statement;
    statement.sql.assign(sql.data, sql.size);
    const bool isKnown =
        std::any_of(statements.begin(), statements.end(), [&](const auto& each) { return each.sql == statement.sql; });
    if (isKnown) return;
    for (std::size_t i = 0; i < count; ++i) {
      const auto& from = parameters[i];
      auto& value = statement.values.emplace_back();
      value.name.assign(from.name.data, from.name.size);
      value.value = from.value;
      if (from.value.type == MORTISE_TEXT) value.text.assign(from.value.as.text.data, from.value.as.text.size);
    }
    statements.push_back(std::move(statement));
  };
  const struct Listening {
    ~Listening() { HostDatabase::listen(nullptr); }
  } listening;
  HostDatabase::listen(note);
  work();
  return statements;
}

namespace {

// Where PostgreSQL is missing the fixture still gets a database, so that its members can be made; its test is skipped.
Backend usable(Backend backend) {
  return backend == Backend::postgresql && !TestDatabase::hasPostgresql() ? Backend::sqlite : backend;
}
void skipWithoutPostgresql(Backend backend) {
  if (backend != usable(backend)) GTEST_SKIP() << "PostgreSQL is not installed";
}

}  // namespace

DatabaseTest::DatabaseTest(const std::string& module, const std::string& migrations)
    : database_(usable(GetParam()), module, migrations) {
  skipWithoutPostgresql(GetParam());
}

std::string nameOf(const ::testing::TestParamInfo<Backend>& info) {
  return info.param == Backend::sqlite ? "sqlite" : "postgresql";
}

}  // namespace mortise::testing
