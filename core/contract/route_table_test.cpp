#include "core/contract/route_table.hpp"

#include <gtest/gtest.h>

#include <ctime>

#include "core/contract/contract_testing.hpp"
#include "core/contract/kernel_contract.hpp"

namespace mortise::contract {
namespace {

using testing::sample;
using testing::source;

// A module of GET (or `method`) operations, one per path; the operationId is "o" and its position.
CompiledDocument paths(const std::string& module, const std::vector<std::string>& paths, const std::string& top = {},
                       const std::string& method = "get") {
  std::string yaml = "openapi: 3.0.3\ninfo: {title: T, version: '1'}\n" + top + "paths:\n";
  int number = 0;
  for (const auto& path : paths) {
    yaml += "  '" + path + "':\n    " + method + ":\n      operationId: o" + std::to_string(number++) +
            "\n      security: []\n      responses: {}\n      parameters: [";
    for (auto at = path.find('{'); at != std::string::npos; at = path.find('{', at + 1)) {
      yaml += "{name: " + path.substr(at + 1, path.find_first_of(":.}", at) - at - 1) +
              ", in: path, required: true, schema: {type: string}}, ";
    }
    yaml += "]\n";
  }
  return compile(source(module, "contracts/" + module + ".yaml", yaml));
}

RouteTable table(std::vector<CompiledDocument> documents) { return RouteTable(std::move(documents)); }

std::string shown(const Match& match) {
  switch (match.kind) {
    case Match::Kind::notFound:
      return "404";
    case Match::Kind::methodNotAllowed:
      return "405 " + match.allow;
    case Match::Kind::badPath:
      return "bad";
    case Match::Kind::found:
      break;
  }
  auto out = match.operation->id;
  for (const auto& [name, value] : match.captured) out += " " + std::string(name) + "=" + value;
  return out;
}

TEST(RouteTable, PrefersLiteralsThenPrefixesThenParametersThenTails) {
  const auto routes = table(
      {paths("m", {"/a/{x}", "/a/b", "/a/{id:proj_*}", "/a/{id:proj_long_*}", "/a/{rest...}", "/a/{x}/c", "/a/b/d"})});
  const auto get = [&](std::string_view path) { return shown(routes.match("GET", path)); };
  EXPECT_EQ(get("/a/b"), "o1");
  EXPECT_EQ(get("/a/q"), "o0 x=q");
  EXPECT_EQ(get("/a/proj_1"), "o2 id=proj_1");
  EXPECT_EQ(get("/a/proj_long_1"), "o3 id=proj_long_1");
  EXPECT_EQ(get("/a/proj_"), "o0 x=proj_");
  EXPECT_EQ(get("/a/b/c"), "o5 x=b");
  EXPECT_EQ(get("/a/b/d"), "o6");
  EXPECT_EQ(get("/a/b/e"), "o4 rest=b/e");
  EXPECT_EQ(get("/a/x/y/z"), "o4 rest=x/y/z");
  EXPECT_EQ(get("/a"), "404");
  EXPECT_EQ(get("/a/"), "404");
  EXPECT_EQ(get("/b"), "404");
  EXPECT_EQ(get("/"), "404");
}

TEST(RouteTable, DecodesSegmentsAfterSplitting) {
  const auto routes = table({paths("m", {"/a/{x}", "/files/{rest...}", "/日/x"})});
  const auto get = [&](std::string_view path) { return shown(routes.match("GET", path)); };
  EXPECT_EQ(get("/a/b%2Fc"), "o0 x=b/c");
  EXPECT_EQ(get("/a/%252F"), "o0 x=%2F");
  EXPECT_EQ(get("/%61/%E6%97%A5"), "o0 x=日");
  EXPECT_EQ(get("/a/b+c"), "o0 x=b+c");
  EXPECT_EQ(get("/%E6%97%A5/x"), "o2");
  EXPECT_EQ(get("/files/a//b"), "o1 rest=a//b");
  for (const auto* bad : {"", "a", "*", "/a/..", "/a/.", "/a/%2e%2E", "/a/%2", "/a/%zz", "/a/%00", "/a/%ff",
                          "/files/x%2F..%2Fy", "/files/../x", "/a/../files/x", "/a/b c", "/a/\x7f", "/a/\xff"})
    EXPECT_EQ(get(bad), "bad") << bad;
  EXPECT_EQ(get(std::string_view("/a/\0", 4)), "bad");
  EXPECT_EQ(get("/a/日"), "o0 x=日");
}

TEST(RouteTable, TakesEncodedSlashesForSlashesWhereAFamilyDoes) {
  const auto routes = table({paths("wiki", {"/w/{page}/x/{slug...}", "/w/{page}/y"}, "x-mortise-decoded-slash: true\n"),
                             paths("plain", {"/p/{page}"})});
  EXPECT_EQ(shown(routes.match("GET", "/w/a/x/b%2Fc%2fd")), "o0 page=a slug=b/c/d");
  EXPECT_EQ(shown(routes.match("GET", "/w/a%2Fy")), "o1 page=a");
  EXPECT_EQ(shown(routes.match("GET", "/w/a/y")), "o1 page=a");
  EXPECT_EQ(shown(routes.match("GET", "/p/a%2Fy")), "o0 page=a/y");
}

TEST(RouteTable, ServesBothSlashesOnlyWhereAsked) {
  const auto routes =
      table({paths("both", {"/a", "/b/{x}", "/c/"}, "x-mortise-both-slashes: true\n"), paths("one", {"/d"})});
  const auto get = [&](std::string_view path) { return shown(routes.match("GET", path)); };
  EXPECT_EQ(get("/a"), "o0");
  EXPECT_EQ(get("/a/"), "o0");
  EXPECT_EQ(get("/b/1/"), "o1 x=1");
  EXPECT_EQ(get("/b//"), "404");
  EXPECT_EQ(get("/c"), "o2");
  EXPECT_EQ(get("/d"), "o0");
  EXPECT_EQ(get("/d/"), "404");
}

TEST(RouteTable, FallsBackToGetForHeadAndNamesAllowedMethods) {
  const auto routes = table({compile(sample("notes")), compile(sample("projects"))});
  EXPECT_EQ(shown(routes.match("HEAD", "/api/v1/notes")), "listNotes");
  EXPECT_EQ(shown(routes.match("PUT", "/api/v1/notes")), "405 GET, HEAD, POST");
  EXPECT_EQ(shown(routes.match("OPTIONS", "/api/v1/notes")), "405 GET, HEAD, POST");
  EXPECT_EQ(shown(routes.match("BREW", "/api/v1/notes")), "405 GET, HEAD, POST");
  EXPECT_EQ(shown(routes.match("get", "/api/v1/notes")), "405 GET, HEAD, POST");
  EXPECT_EQ(shown(routes.match("DELETE", "/api/v1/notes/drafts")), "deleteNote note_id=drafts");
  EXPECT_EQ(shown(routes.match("PUT", "/api/v1/projects/proj_1")), "writeProject remote=proj_1");
  EXPECT_EQ(shown(routes.match("POST", "/api/v1/projects/proj_1")), "405 GET, PUT");
  EXPECT_EQ(shown(routes.match("PUT", "/nowhere")), "404");
}

TEST(RouteTable, ServesOnlyDeclaredMethodsWhereAFamilySaysSo) {
  const auto routes =
      table({paths("strict", {"/a"}, "x-mortise-implied-methods: false\n"), paths("plain", {"/b"}),
             paths("family", {"/c"}, "x-mortise-dialect: sessionfs\n"),
             paths("asked", {"/d"}, "x-mortise-dialect: sessionfs\nx-mortise-implied-methods: true\n")});
  EXPECT_EQ(shown(routes.match("HEAD", "/a")), "405 GET");
  EXPECT_EQ(shown(routes.match("OPTIONS", "/a")), "405 GET");
  EXPECT_EQ(shown(routes.match("HEAD", "/b")), "o0");
  EXPECT_EQ(shown(routes.match("HEAD", "/c")), "405 GET");
  EXPECT_EQ(shown(routes.match("HEAD", "/d")), "o0");
}

TEST(RouteTable, SharedBucketsAreOneAcrossModulesAndMustBeEqual) {
  const auto top = [](const std::string& limit) {
    return "x-mortise-buckets: {keys: {limit: " + limit + ", window: 1m, key: credential, shared: true}}\n";
  };
  const auto equal = table({paths("one", {"/a"}, top("3")), paths("two", {"/b"}, top("3"))});
  EXPECT_EQ(equal.documents()[0].buckets[0]->name, equal.documents()[1].buckets[0]->name);
  EXPECT_THROW(table({paths("one", {"/a"}, top("3")), paths("two", {"/b"}, top("4"))}), std::runtime_error);
}

TEST(RouteTable, AFamilyMayAnswerForLessThanItsCommonPrefix) {
  const auto routes = table({paths("few", {"/a/b", "/a/c/d"}, "x-mortise-dialect: sessionfs\nx-mortise-prefix: /a/c\n"),
                             paths("most", {"/a/e"}, "x-mortise-dialect: unified\n"), paths("rest", {"/a/f", "/g"})});
  EXPECT_EQ(routes.match("GET", "/a/c/x").conventions->dialect, "sessionfs");
  EXPECT_EQ(routes.match("GET", "/a/x").conventions->dialect, "problem");
  EXPECT_EQ(routes.match("PUT", "/a/b").conventions->dialect, "sessionfs");
}

TEST(RouteTable, SpeaksTheDialectOfTheLongestPrefix) {
  const auto routes = table({compile(kernelContract()), compile(sample("notes")), compile(sample("projects")),
                             paths("agent", {"/api/a", "/api/b/c"}, "x-mortise-dialect: code_msg\n")});
  const auto dialect = [&](std::string_view method, std::string_view path) {
    return routes.match(method, path).conventions->dialect;
  };
  EXPECT_EQ(dialect("GET", "/api/v1/projects/a/b/c/d"), "sessionfs");
  EXPECT_EQ(dialect("PATCH", "/api/v1/projects"), "sessionfs");
  EXPECT_EQ(dialect("GET", "/api/v1/projects/%zz"), "sessionfs");
  EXPECT_EQ(dialect("GET", "/api/nothing"), "code_msg");
  EXPECT_EQ(dialect("GET", "/apix"), "problem");
  EXPECT_EQ(dialect("GET", "/"), "problem");
  EXPECT_EQ(dialect("GET", "nonsense"), "problem");
  EXPECT_EQ(dialect("GET", "/api/v1/notes/drafts/x"), "problem");
}

std::string conflict(std::vector<CompiledDocument> documents) {
  try {
    const RouteTable routes(std::move(documents));
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(RouteTable, RefusesTwoOwnersOfOnePath) {
  EXPECT_EQ(
      conflict({paths("scheduler", {"/x", "/jobs/{id}"}, {}, "post"), paths("notes", {"/jobs/{name}"}, {}, "post")}),
      "scheduler.yaml:11 (module scheduler) and notes.yaml:5 (module notes) both claim POST /jobs/{name}; disable one "
      "of the modules");
  EXPECT_EQ(conflict({paths("a", {"/x"}), paths("b", {"/x"}, {}, "post")}), "accepted");
  EXPECT_EQ(conflict({paths("a", {"/x"}, "x-mortise-both-slashes: true\n"), paths("b", {"/x/"})}).substr(0, 9),
            "a.yaml:6 ");
  EXPECT_EQ(conflict({paths("a", {"/x/{a:p_*}"}), paths("b", {"/x/{a:q_*}"})}), "accepted");
}

// The second one is the intruder: it is named, and the first one is what it claims.
TEST(RouteTable, RefusesAClaimInAnotherSpelling) {
  const auto claims = [](const std::string& path, const std::string& method, const std::string& top = {}) {
    const auto told = conflict(
        {paths("auth", {"/login", "/users/{id}", "/keys/{a}/uses/{b}", "/blobs/{key...}"}, {}, "post"),
         paths("auth", {"/me", "/users/{id}"}, "x-mortise-both-slashes: true\n"), paths("aaa", {path}, top, method)});
    return told.starts_with("auth.yaml:") && told.find("aaa.yaml:") != std::string::npos ? "refused" : told;
  };
  for (const char* path :
       {"/login", "/users/{name}", "/users/{i}", "/keys/{b}/uses/{a}", "/keys/{x}/uses/{y}", "/blobs/{any...}"})
    EXPECT_EQ(claims(path, "post"), "refused") << path;
  for (const char* path : {"/me", "/me/", "/users/{x}", "/users/{x}/"}) {
    EXPECT_EQ(claims(path, "get"), "refused") << path;
    EXPECT_EQ(claims(path, "head"), "refused") << path << ": GET answers it";
  }
  EXPECT_EQ(claims("/me", "get", "x-mortise-both-slashes: true\n"), "refused");
  // Other resources: paths are told apart by case, and by a slash where nobody claims both forms.
  EXPECT_EQ(claims("/LOGIN", "post"), "accepted");
  EXPECT_EQ(claims("/login", "get"), "accepted");
}

TEST(RouteTable, RefusesOneBucketWithTwoMeanings) {
  const std::string three = "x-mortise-buckets: {w: {limit: 3, window: 1m}}\n",
                    four = "x-mortise-buckets: {w: {limit: 4, window: 1m}}\n";
  EXPECT_EQ(conflict({paths("a", {"/x"}, three), paths("a", {"/y"}, three)}), "accepted");
  EXPECT_NE(conflict({paths("a", {"/x"}, three), paths("a", {"/y"}, four)}).find("declare bucket a.w differently"),
            std::string::npos);
  EXPECT_EQ(conflict({paths("a", {"/x"}, three), paths("b", {"/y"}, four)}), "accepted");
}

TEST(RouteTable, StaysQuickOnPathsMadeToBacktrack) {
  std::vector<std::string> all;
  for (int i = 0; i < 20; ++i) {
    std::string path;
    for (int k = 0; k < 20; ++k) path += k == i ? "/a" : "/{p" + std::to_string(k) + "}";
    all.push_back(path + "/end");
  }
  const auto routes = table({paths("m", all)});
  std::string path;
  for (int k = 0; k < 60; ++k) path += "/a";
  EXPECT_EQ(shown(routes.match("GET", path)), "404");
  EXPECT_EQ(shown(routes.match("GET", std::string(8000, '/'))), "bad");
}

// Printed, never asserted: machines differ.
TEST(RouteTable, TellsHowLongALookUpTakes) {
  std::vector<std::string> all;
  for (int i = 0; i < 50; ++i) {
    const auto name = "/api/v1/thing" + std::to_string(i);
    for (const auto* rest : {"", "/{id}", "/{id}/parts", "/{id}/parts/{part}"}) all.push_back(name + rest);
  }
  const auto routes = table({paths("m", all)});
  constexpr int kRounds = 100000;
  std::size_t matches = 0;
  const auto start = std::clock();  // processor time: other programs don't count
  for (int i = 0; i < kRounds; ++i) {
    matches += routes.match("GET", "/api/v1/thing33").kind == Match::Kind::found;
    matches += routes.match("GET", "/api/v1/thing17/0190c0de/parts/7").kind == Match::Kind::found;
  }
  const auto spent = static_cast<double>(std::clock() - start) * 1e9 / CLOCKS_PER_SEC;
  EXPECT_EQ(matches, std::size_t{2} * kRounds);
  std::printf("look-up among 200 routes: %.0f ns\n", spent / (2.0 * kRounds));
  RecordProperty("nanoseconds", static_cast<int>(spent / (2.0 * kRounds)));
}

// Whichever modules are there: the longest of a contract's own prefix and those of the families.
TEST(RouteTable, TheLongestPrefixDecidesTheFamilyOfAnUnknownPath) {
  const auto routes =
      table({paths("runtime", {"/api/v1/auth/sessions", "/api/v1/users/{name}"}, "x-mortise-dialect: problem\n"),
             paths("keys", {"/api/v1/auth/keys"}, "x-mortise-dialect: sessionfs\n"),
             paths("theirs", {"/api/tickets/a", "/api/tickets/b"}, "x-mortise-dialect: unified\n")});
  const auto family = [&](std::string_view path) { return routes.match("GET", path).conventions->dialect; };
  for (const char* path : {"/api/v1/auth/nothing", "/api/v1/users", "/api/v1/agent-chats/x", "/api/v1/infra/more",
                           "/nothing", "/", "/apis", "/health/x", "/v1/auth"})
    EXPECT_EQ(family(path), "problem") << path;
  for (const char* path : {"/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v1/sessions/x", "/api/v1/authx",
                           "/api/v1/auth/keys/x", "/api/v1/%zz"})
    EXPECT_EQ(family(path), "sessionfs") << path;
  for (const char* path :
       {"/api/v1/scheduler", "/api/v1/scheduler/nothing", "/api/v1/sync-sessions/1/2", "/api/tickets/c"})
    EXPECT_EQ(family(path), "unified") << path;
  for (const char* path : {"/api", "/api/nothing", "/api/v2/x", "/api/v1x", "/api/ticket"})
    EXPECT_EQ(family(path), "code_msg") << path;
}

}  // namespace
}  // namespace mortise::contract
