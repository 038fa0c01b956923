// The table of C functions that libmortise_testing.so exports.
#include "core/identity/roles.hpp"
#include "core/testing/database/database_functions.hpp"
#include "core/testing/guarded.hpp"
#include "core/testing/refusals.hpp"
#include "core/testing/rights.hpp"
#include "core/testing/test_server.hpp"
#include "mortise/testing/abi.h"

struct mortise_testing_server {
  mortise::testing::TestServer server;
};

namespace mortise::testing {
namespace {

mortise_testing_outcome start(const mortise_str* modules, size_t modulesCount, const mortise_pair* options,
                              size_t optionsCount, mortise_testing_server** server, mortise_testing_say say,
                              void* context) {
  *server = nullptr;
  return guarded(say, context, [&] {
    Settings settings;
    for (std::size_t i = 0; i < optionsCount; ++i)
      settings.emplace_back(copied(options[i].name), copied(options[i].value));
    *server = new mortise_testing_server{{copied(modules, modulesCount), settings}};
  });
}

void stop(mortise_testing_server* server) { delete server; }

mortise_str address(const mortise_testing_server* server) { return str(server->server.address()); }

CallerRights rightsFrom(const mortise_testing_caller& c) {
  CallerRights out;
  out.permissions = copied(c.permissions, c.permissions_count);
  out.scopes = copied(c.scopes, c.scopes_count);
  if (c.kind == MORTISE_TESTING_ADMIN || c.kind == MORTISE_TESTING_SERVICE_KEY) out.role = identity::kAdministrator;
  if (c.kind == MORTISE_TESTING_SERVICE_KEY) out.kind = CallerRights::Kind::serviceKey;
  if (c.kind == MORTISE_TESTING_BROWSER) out.kind = CallerRights::Kind::browser;
  return out;
}

mortise_testing_outcome createCaller(mortise_testing_server* server, const mortise_testing_caller* caller,
                                     void (*sink)(void*, const mortise_testing_credentials*), void* sinkContext,
                                     mortise_testing_say say, void* context) {
  return guarded(say, context, [&] {
    const auto credentials = server->server.create(rightsFrom(*caller));
    const mortise_testing_credentials c{sizeof c, str(credentials.token), str(credentials.cookie),
                                        str(credentials.csrf), str(credentials.userId)};
    sink(sinkContext, &c);
  });
}

mortise_testing_outcome sendRequest(mortise_str address, const mortise_testing_credentials* credentials,
                                    mortise_str method, mortise_str path, mortise_str body, const mortise_str* headers,
                                    size_t headersCount, void (*sink)(void*, const mortise_testing_answer*),
                                    void* sinkContext, mortise_testing_say say, void* context) {
  return guarded(say, context, [&] {
    const auto answer = send(
        copied(address), {copied(credentials->token), copied(credentials->cookie), copied(credentials->csrf), {}, {}},
        {copied(method), copied(path), copied(body), copied(headers, headersCount)});
    const auto code = answer.code();
    const auto fields = answer.fields();
    std::vector<mortise_pair> pairs;
    for (const auto& [name, value] : answer.headers) pairs.push_back({str(name), str(value)});
    const mortise_testing_answer c{sizeof c,
                                   answer.status,
                                   str(answer.body),
                                   str(code),
                                   str(fields.empty() ? std::string_view() : std::string_view(fields.front())),
                                   pairs.data(),
                                   pairs.size()};
    sink(sinkContext, &c);
  });
}

mortise_testing_outcome tryLoad(mortise_str file, mortise_testing_say refusal, void* refusalContext,
                                mortise_testing_say say, void* context) {
  return guarded(say, context, [&] { refusal(refusalContext, str(TestServer::tryLoad(copied(file)))); });
}

using Sink = void (*)(void*, const mortise_testing_refusal*);

Reports into(Sink sink, void* sinkContext) {
  return [sink, sinkContext](const Report& one) {
    const mortise_testing_refusal c{sizeof c,      one.passed ? 1 : 0, str(one.operation),
                                    str(one.what), str(one.expected),  str(one.answer)};
    sink(sinkContext, &c);
  };
}

mortise_testing_outcome refusals(mortise_testing_server* server, mortise_str module, Sink sink, void* sinkContext,
                                 mortise_testing_say say, void* context) {
  return guarded(say, context, [&] { runRefusals(server->server, copied(module), into(sink, sinkContext)); });
}

mortise_testing_outcome rights(mortise_testing_server* server, mortise_str module, Sink sink, void* sinkContext,
                               mortise_testing_say say, void* context) {
  return guarded(say, context, [&] { runRights(server->server, copied(module), into(sink, sinkContext)); });
}

}  // namespace
}  // namespace mortise::testing

const mortise_testing_v1_table mortise_testing_v1 = {.struct_size = sizeof(mortise_testing_v1_table),
                                                     .start = &mortise::testing::start,
                                                     .stop = &mortise::testing::stop,
                                                     .address = &mortise::testing::address,
                                                     .create_caller = &mortise::testing::createCaller,
                                                     .send = &mortise::testing::sendRequest,
                                                     .try_load = &mortise::testing::tryLoad,
                                                     .refusals = &mortise::testing::refusals,
                                                     .has_postgresql = &mortise::testing::hasPostgresql,
                                                     .open_database = &mortise::testing::openDatabase,
                                                     .close_database = &mortise::testing::closeDatabase,
                                                     .database_host = &mortise::testing::databaseHost,
                                                     .database_table = &mortise::testing::databaseTable,
                                                     .run_sql = &mortise::testing::runSql,
                                                     .analyze = &mortise::testing::analyze,
                                                     .listen = &mortise::testing::listen,
                                                     .plan_of = &mortise::testing::planOf,
                                                     .plan_faults = &mortise::testing::planFaults,
                                                     .rights = &mortise::testing::rights};
