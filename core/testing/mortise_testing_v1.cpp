// The table of C functions that libmortise_testing.so exports.
#include <exception>
#include <stdexcept>

#include "core/testing/refusals.hpp"
#include "core/testing/test_server.hpp"
#include "mortise/testing/abi.h"

struct mortise_testing_server {
  mortise::testing::TestServer server;
};

namespace mortise::testing {
namespace {

mortise_str str(std::string_view text) { return {text.data(), text.size()}; }
std::string copied(mortise_str text) { return text.size == 0 ? std::string() : std::string(text.data, text.size); }

std::vector<std::string> copied(const mortise_str* texts, std::size_t count) {
  std::vector<std::string> out;
  out.reserve(count);
  for (std::size_t i = 0; i < count; ++i) out.push_back(copied(texts[i]));
  return out;
}

template <class Work>
mortise_testing_outcome guarded(mortise_testing_say say, void* context, Work&& work) noexcept {
  try {
    work();
    return MORTISE_TESTING_OK;
  } catch (const std::invalid_argument& error) {
    say(context, str(error.what()));
    return MORTISE_TESTING_ARGUMENT;
  } catch (const std::exception& error) {
    say(context, str(error.what()));
  } catch (...) {
    say(context, str("failed with what is no std::exception"));
  }
  return MORTISE_TESTING_FAILED;
}

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
  static_assert(static_cast<int>(CallerRights::Kind::browser) == MORTISE_TESTING_BROWSER);
  return {static_cast<CallerRights::Kind>(c.kind), copied(c.permissions, c.permissions_count),
          copied(c.scopes, c.scopes_count)};
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
    const auto answer =
        send(copied(address), {copied(credentials->token), copied(credentials->cookie), copied(credentials->csrf), {}},
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
  return guarded(say, context, [&] {
    const auto sentence = TestServer::tryLoad(copied(file));
    if (!sentence.empty()) refusal(refusalContext, str(sentence));
  });
}

mortise_testing_outcome refusals(mortise_testing_server* server, mortise_str module,
                                 void (*sink)(void*, const mortise_testing_refusal*), void* sinkContext,
                                 mortise_testing_say say, void* context) {
  return guarded(say, context, [&] {
    runRefusals(server->server, copied(module), [&](const RefusalReport& one) {
      const mortise_testing_refusal c{sizeof c,      one.passed ? 1 : 0, str(one.operation),
                                      str(one.what), str(one.expected),  str(one.answer)};
      sink(sinkContext, &c);
    });
  });
}

}  // namespace
}  // namespace mortise::testing

const mortise_testing_v1_table mortise_testing_v1 = {sizeof(mortise_testing_v1_table), &mortise::testing::start,
                                                     &mortise::testing::stop,          &mortise::testing::address,
                                                     &mortise::testing::createCaller,  &mortise::testing::sendRequest,
                                                     &mortise::testing::tryLoad,       &mortise::testing::refusals};
