// The functions of the test kit's table that have to do with a database; abi.h says what each does.
#pragma once

#include "mortise/testing/abi.h"

namespace mortise::testing {

int32_t hasPostgresql();
mortise_testing_outcome openDatabase(int32_t isPostgresql, mortise_str module, mortise_str migrations,
                                     mortise_testing_database** database, mortise_testing_say say, void* context);
void closeDatabase(mortise_testing_database* database);
mortise_host* databaseHost(mortise_testing_database* database);
const mortise_db_v1* databaseTable(mortise_testing_database* database);
mortise_testing_outcome runSql(mortise_testing_database* database, mortise_str sql, mortise_testing_say say,
                               void* context);
mortise_testing_outcome analyze(mortise_testing_database* database, mortise_testing_say say, void* context);
void listen(mortise_testing_listener listener, void* listenerContext);
mortise_testing_outcome planOf(mortise_testing_database* database, const mortise_testing_statement* statement,
                               const mortise_testing_plan_rules* rules, mortise_testing_say plan, void* planContext,
                               mortise_testing_say say, void* context);
mortise_testing_outcome planFaults(mortise_testing_database* database, const mortise_testing_statement* statement,
                                   const mortise_testing_plan_rules* rules, mortise_testing_say fault,
                                   void* faultContext, mortise_testing_say say, void* context);

}  // namespace mortise::testing
