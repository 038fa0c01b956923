#include "core/testing/database/database_functions.hpp"

#include <memory>

#include "core/testing/database/host_database.hpp"
#include "core/testing/database/plans.hpp"
#include "core/testing/guarded.hpp"

struct mortise_testing_database {
  bool isPostgresql;
  std::unique_ptr<mortise::testing::HostDatabase> database;
};

namespace mortise::testing {
namespace {

Db dbOf(mortise_testing_database* database) { return Db(database->database->host(), database->database->table()); }

}  // namespace

int32_t hasPostgresql() {
  try {
    return HostDatabase::hasPostgresql() ? 1 : 0;
  } catch (...) {  // it is installed, but does not come up: openDatabase() tries again, and says why
    return 1;
  }
}

mortise_testing_outcome openDatabase(int32_t isPostgresql, mortise_str module, mortise_str migrations,
                                     mortise_testing_database** database, mortise_testing_say say, void* context) {
  *database = nullptr;
  return guarded(say, context, [&] {
    *database = new mortise_testing_database{isPostgresql != 0,
                                             HostDatabase::open(isPostgresql != 0, copied(module), copied(migrations))};
  });
}

void closeDatabase(mortise_testing_database* database) { delete database; }

mortise_host* databaseHost(mortise_testing_database* database) { return database->database->host(); }

const mortise_db_v1* databaseTable(mortise_testing_database* database) { return database->database->table(); }

mortise_testing_outcome runSql(mortise_testing_database* database, mortise_str sql, mortise_testing_say say,
                               void* context) {
  return guarded(say, context, [&] { database->database->run(copied(sql)); });
}

mortise_testing_outcome analyze(mortise_testing_database* database, mortise_testing_say say, void* context) {
  return guarded(say, context, [&] { database->database->analyze(); });
}

void listen(mortise_testing_listener listener, void* listenerContext) {
  if (listener == nullptr) return HostDatabase::listen(nullptr);
  HostDatabase::listen([=](mortise_str sql, const mortise_db_parameter* parameters, std::size_t count) {
    const mortise_testing_statement statement{sizeof statement, sql, parameters, count};
    listener(listenerContext, &statement);
  });
}

mortise_testing_outcome planOf(mortise_testing_database* database, const mortise_testing_statement* statement,
                               const mortise_testing_plan_rules* rules, mortise_testing_say plan, void* planContext,
                               mortise_testing_say say, void* context) {
  return guarded(say, context,
                 [&] { plan(planContext, str(planOf(dbOf(database), database->isPostgresql, *statement, *rules))); });
}

mortise_testing_outcome planFaults(mortise_testing_database* database, const mortise_testing_statement* statement,
                                   const mortise_testing_plan_rules* rules, mortise_testing_say fault,
                                   void* faultContext, mortise_testing_say say, void* context) {
  return guarded(say, context, [&] {
    for (const auto& one : planFaults(dbOf(database), database->isPostgresql, *statement, *rules))
      fault(faultContext, str(one));
  });
}

}  // namespace mortise::testing
