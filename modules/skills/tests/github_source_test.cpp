// Against tests/peers/github_stand_in.py, over real HTTP.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mortise/percent.hpp>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "refusals_testing.hpp"
#include "sources/github_listing.hpp"
#include "sources/github_tree.hpp"
#include "sources/source.hpp"
#include "sources/validator.hpp"
#include "sources/web_address.hpp"
#include "tests/peers/curl_http_client.hpp"
#include "tests/peers/process.hpp"

namespace skills {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(TheAddressOfATree, IsReadAndHasOneForm) {
  for (const auto* url :
       {"https://github.com/ada/tools/tree/main/skills/pdf", "https://www.github.com/ada/tools/tree/main/skills/pdf/",
        "HTTPS://GitHub.com/ada/tools/tree/main/skills//./pdf",
        "https://github.com/ada/tools/tree/main/%73kills/pdf"}) {
    EXPECT_EQ(GithubTree::parse(url).url(), "https://github.com/ada/tools/tree/main/skills/pdf") << url;
  }
  const auto tree = GithubTree::parse("https://github.com/ada/my.tools/tree/feature%2Fx/%E6%8A%80%E8%83%BD/a b");
  EXPECT_EQ(tree.ref, "feature/x");
  EXPECT_EQ(tree.path, "技能/a b");
  EXPECT_EQ(tree.url(), "https://github.com/ada/my.tools/tree/feature%2Fx/%E6%8A%80%E8%83%BD/a%20b");
}

TEST(TheAddressOfATree, IsRefusedWhenItIsAnotherOne) {
  for (const auto* url : {"",
                          "github.com/ada/tools/tree/main/x",
                          "http://github.com/ada/tools/tree/main/x",
                          "https://github.com/ada/tools",
                          "https://github.com/ada/tools/tree/main",
                          "https://github.com/ada/tools/tree/main/",
                          "https://github.com/ada/tools/tree/main//",
                          "https://github.com/ada/tools/blob/main/x",
                          "https://github.com//tools/tree/main/x",
                          "https://github.com/../tools/tree/main/x",
                          "https://github.com/a%2Fb/tools/tree/main/x",
                          "https://github.com/ada/tools/tree/a..b/x",
                          "https://github.com/ada/tools/tree/-x/x",
                          "https://github.com/ada/tools/tree/main/x?tab=1",
                          "https://github.com/ada/tools/tree/main/x#y",
                          "https://github.com.evil.example/ada/tools/tree/main/x",
                          "https://github.com@evil.example/ada/tools/tree/main/x",
                          "https://evil.example/github.com/ada/tools/tree/main/x",
                          "https://github.com/ada/tools/tree/main/%zz",
                          "https://github.com/ada/tools/tree/main/%00",
                          "https://github.com/ada/tools/tree/main/%ff"}) {
    EXPECT_EQ(refusalOf([&] { return GithubTree::parse(url).url(); }).code, "skill_github_address") << url;
  }
  EXPECT_EQ(refusalOf([] { return GithubTree::parse("https://github.com/a/b/tree/main/../../x").url(); }).code,
            "skill_path_climbs");
}

TEST(Origins, AreComparedWithPortAndWithoutCase) {
  EXPECT_EQ(originOf("https://API.github.com/x"), "https://api.github.com:443");
  EXPECT_EQ(originOf("http://127.0.0.1:8080"), "http://127.0.0.1:8080");
  for (const auto* none :
       {"", "x", "ftp://a/b", "https://user@a/b", "https://a b/", "file:///etc/passwd", "https://a\r\n/"}) {
    EXPECT_FALSE(originOf(none)) << none;
  }
  EXPECT_EQ(resolvedUrl("https://a/b/c?d", "/e"), "https://a/e");
  EXPECT_EQ(resolvedUrl("https://a/b/c", "https://e/f"), "https://e/f");
  EXPECT_FALSE(resolvedUrl("https://a/b/c", ""));
}

TEST(AListing, IsReadWithItsEntriesInTheFolder) {
  const auto entries = readListing(
      R"([{"type":"file","path":"s/a.md","download_url":"https://x/a","sha":"00","size":3},{"type":"dir","path":"s/b","download_url":null}])",
      "s");
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].downloadUrl, "https://x/a");
  EXPECT_EQ(entries[0].size, 3U);
  EXPECT_TRUE(entries[1].isFolder);
  const auto refused = [](const std::string& json) {
    return refusalOf([&] { return readListing(json, "s").size(); }).code;
  };
  for (const auto* json :
       {"", "{}", "null", "[1]", "[{\"type\":\"commit\",\"path\":\"s/a\"}]", "[", "<html>", "[\"\xFF\"]"}) {
    EXPECT_EQ(refused(json), "skill_github_answer") << json;
  }
  for (const auto* path :
       {"../etc/passwd", "s/../x", "s", "s/", "s2/a", "s/a/b", "s/..", "s/a\\\\b", "/etc/passwd", ""}) {
    EXPECT_EQ(refused(std::string(R"([{"type":"file","download_url":"https://x","path":")") + path + "\"}]"),
              "skill_github_elsewhere")
        << path;
  }
  EXPECT_EQ(refused(R"([{"type":"symlink","path":"s/a"}])"), "skill_link_refused");
  EXPECT_EQ(refused(R"([{"type":"file","path":"s/a","download_url":null}])"), "skill_submodule_refused");
  EXPECT_EQ(refused(R"({"type":"file","path":"s"})"), "skill_github_file");
  EXPECT_EQ(refused(R"({"type":"symlink","path":"s"})"), "skill_link_refused");
}

TEST(AnAnnouncedFile, MustBeWhatItIs) {
  GithubEntry entry;
  EXPECT_TRUE(isAnnounced(entry, "anything"));
  entry.sha = "ce013625030ba8dba906f756967f9e9ca394464a";  // git hash-object of "hello\n"
  EXPECT_TRUE(isAnnounced(entry, "hello\n"));
  EXPECT_FALSE(isAnnounced(entry, "hello"));
  entry.sha = "2cf8d83d9ee29543b34a87727421fdecb7e3f3a183d337639025de576db9ebb4";  // the same in a SHA-256 repository
  EXPECT_TRUE(isAnnounced(entry, "hello\n"));
  entry.size = 7;
  EXPECT_FALSE(isAnnounced(entry, "hello\n"));
}

TEST(AValidator, IsForItsSourceAlone) {
  Validator made{"contents", "https://github.com/a/b", {{"s", "\"1\""}, {"s/t", "W/\"2\""}}};
  EXPECT_EQ(Validator::parse(made.toText(), "contents", "https://github.com/a/b").etags, made.etags);
  EXPECT_TRUE(Validator::parse(made.toText(), "tarball", "https://github.com/a/b").etags.empty());
  EXPECT_TRUE(Validator::parse(made.toText(), "contents", "https://github.com/a/c").etags.empty());
  for (const auto* odd : {"", "x", "[]", "{\"kind\":1}", "sha256:00"})
    EXPECT_TRUE(Validator::parse(odd, "contents", "x").etags.empty());
  made.etags["none"] = "";
  EXPECT_EQ(made.toText(), "");
  made.etags = {{"long", std::string(70000, 'x')}};
  EXPECT_EQ(made.toText(), "");
}

// One stand-in for all tests; each sets its faults anew.
class Github : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    directory_ = std::make_unique<mortise::peers::TempDirectory>("github");
    write("SKILL.md", "---\nname: pdf\n---\n# PDF\n");
    write("scripts/run.sh", "#!/bin/sh\n");
    write("参考/说明 1.md", "你好");
    write("empty.txt", "");
    const auto log = directory_->path() + "/port";
    server_ = std::make_unique<mortise::peers::Process>(mortise::peers::Launch{
        {"/usr/bin/python3", std::filesystem::absolute(GITHUB_STAND_IN).string(), directory_->path() + "/served"},
        directory_->path(),
        false,
        log});
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    std::string port;
    while (port.find('\n') == std::string::npos && std::chrono::steady_clock::now() < deadline && server_->running()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      std::ostringstream text;
      text << std::ifstream(log).rdbuf();
      port = text.str();
    }
    port_ = port.substr(0, port.find('\n'));
  }
  static void TearDownTestSuite() {
    server_.reset();
    directory_.reset();
  }

  void SetUp() override {
    control("clear");
    options_.githubApi = "http://127.0.0.1:" + port_;
    options_.githubRaw = "http://localhost:" + port_;
    options_.githubToken = "secret-token";
  }

  static std::string inSkill(const std::string& path) {
    return directory_->path() + "/served/ada/tools/main/skills/pdf/" + path;
  }
  static void write(const std::string& path, const std::string& bytes) {
    fs::create_directories(fs::path(inSkill(path)).parent_path());
    std::ofstream(inSkill(path), std::ios::binary) << bytes;
  }
  static std::string control(const std::string& what) {
    mortise::HttpRequest request;
    request.url = "http://127.0.0.1:" + port_ + "/control/" + what;
    return mortise::peers::CurlExchange::client().perform(request).body;
  }
  static void fault(const std::string& path, const std::string& kind, const std::string& value = "") {
    control("fault?path=" + mortise::percentEncoded(path) + "&kind=" + kind +
            (value.empty() ? "" : "&value=" + mortise::percentEncoded(value)));
  }

  Fetched fetch(const std::string& validator = "", const std::string& path = "skills/pdf") const {
    const Sources sources(options_, mortise::peers::CurlExchange::client());
    return sources.fetch(sources.parse("github", "https://github.com/ada/tools/tree/main/" + path), validator);
  }
  std::vector<std::string> pathsOf(const Fetched& fetched) const {
    std::vector<std::string> all;
    for (const auto& file : fetched.bundle.files()) all.push_back(file.path);
    return all;
  }
  Refusal refused(const std::string& path = "skills/pdf") const {
    return refusalOf([&] { return fetch("", path).validator; });
  }

  static std::unique_ptr<mortise::peers::TempDirectory> directory_;
  static std::unique_ptr<mortise::peers::Process> server_;
  static std::string port_;
  SourceOptions options_;
};
std::unique_ptr<mortise::peers::TempDirectory> Github::directory_;
std::unique_ptr<mortise::peers::Process> Github::server_;
std::string Github::port_;

class GithubEitherWay : public Github, public testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    Github::SetUp();
    options_.githubTarball = GetParam();
  }
};
INSTANTIATE_TEST_SUITE_P(Ways, GithubEitherWay, testing::Bool(),
                         [](const auto& way) { return way.param ? "tarball" : "contents"; });

TEST_P(GithubEitherWay, GivesTheFolder) {
  const auto fetched = fetch();
  EXPECT_THAT(pathsOf(fetched), ElementsAre("SKILL.md", "empty.txt", "scripts/run.sh", "参考/说明 1.md"));
  EXPECT_EQ(fetched.bundle.find("参考/说明 1.md")->bytes, "你好");
  EXPECT_FALSE(fetched.unchanged);
}

TEST_P(GithubEitherWay, SaysWhenNothingChanged) {
  const auto first = fetch();
  const auto second = fetch(first.validator);
  EXPECT_TRUE(second.unchanged);
  EXPECT_EQ(second.validator, first.validator);
  EXPECT_TRUE(second.bundle.files().empty());
  EXPECT_THAT(control("requests"), HasSubstr("Bearer secret-token \""));
  write("scripts/run.sh", "#!/bin/sh\ntrue\n");
  const auto third = fetch(first.validator);
  EXPECT_FALSE(third.unchanged);
  EXPECT_EQ(third.bundle.find("scripts/run.sh")->bytes, "#!/bin/sh\ntrue\n");
  EXPECT_NE(third.validator, first.validator);
  write("scripts/run.sh", "#!/bin/sh\n");
  EXPECT_FALSE(fetch("nonsense").unchanged);
}

TEST_P(GithubEitherWay, SaysWhatIsMissing) {
  EXPECT_EQ(refused("skills/none").code, "skill_github_missing");
  EXPECT_EQ(refused("skills/none").params.at("path"), "skills/none");
  EXPECT_EQ(refused("skills").code, "skill_main_missing");
  control("token?value=another");
  EXPECT_EQ(refused().code, "skill_github_token");
}

TEST_P(GithubEitherWay, SaysWhenRequestsAreWelcomeAgain) {
  const std::string path = GetParam() ? "" : "skills/pdf";
  fault(path, "rate_limit", "1893456000");
  const auto used = refused();
  EXPECT_EQ(used.code, "skill_github_limited");
  EXPECT_EQ(used.status, 422);
  EXPECT_EQ(used.details, R"({"reset_at":"2030-01-01T00:00:00Z"})");
  fault(path, "secondary_limit", "90");
  EXPECT_EQ(refused().code, "skill_github_limited");
  for (const auto* status : {"403", "500", "502", "204"}) {
    fault(path, "status", status);
    const auto other = refused();
    EXPECT_EQ(other.code, "skill_github_status");
    EXPECT_EQ(other.status, 422);
    EXPECT_EQ(other.params.at("status"), status);
  }
}

TEST_P(GithubEitherWay, FollowsARenamedRepositoryAndNoForeignHost) {
  const std::string path = GetParam() ? "" : "skills/pdf";
  fault(path, "moved");
  EXPECT_THAT(pathsOf(fetch()), testing::SizeIs(4));
  fault(path, "redirect", "http://127.0.0.2:" + port_ + "/repositories/0/tarball/main?token=abc");
  const auto foreign = refused();
  EXPECT_EQ(foreign.code, "skill_github_foreign");
  EXPECT_EQ(foreign.params.at("url"), "http://127.0.0.2:" + port_ + "/repositories/0/tarball/main");
  for (const auto* nowhere : {"file:///etc/passwd", "https://user@127.0.0.1/", "gopher://127.0.0.1/"}) {
    fault(path, "redirect", nowhere);
    EXPECT_THAT(refused().code, testing::AnyOf("skill_github_foreign", "skill_github_redirects")) << nowhere;
  }
  const auto api = "http://127.0.0.1:" + port_;
  fault(path, "redirect",
        api + (GetParam() ? "/repos/ada/tools/tarball/main" : "/repos/ada/tools/contents/skills/pdf"));
  EXPECT_EQ(refused().code, "skill_github_redirects") << "a circle";
}

TEST_P(GithubEitherWay, GivesUpOnWhatDoesNotEnd) {
  const std::string path = GetParam() ? "" : "skills/pdf";
  fault(path, "cut");
  EXPECT_EQ(refused().code, "skill_source_unreachable");
  EXPECT_EQ(refused().status, 503);
  options_.fetchTimeout = std::chrono::milliseconds(500);
  fault(path, "slow", "1");
  EXPECT_EQ(refused().code, "skill_source_timeout");
  options_.fetchTimeout = std::chrono::minutes(2);
  if (!GetParam()) {
    fault(path, "endless");
    EXPECT_EQ(refused().code, "skill_github_too_large");
  }
  options_.githubApi = "http://127.0.0.1:1";
  EXPECT_EQ(refused().code, "skill_source_unreachable");
}

TEST_P(GithubEitherWay, StopsWhenCancelled) {
  const Cancellation cancelled([] { return true; });
  const Sources sources(options_, mortise::peers::CurlExchange::client());
  const auto source = sources.parse("github", "https://github.com/ada/tools/tree/main/skills/pdf");
  EXPECT_EQ(refusalOf([&] { return sources.fetch(source, "", cancelled).validator; }).code, "skill_fetch_cancelled");
}

TEST_P(GithubEitherWay, RefusesLinks) {
  fs::create_symlink("SKILL.md", inSkill("link.md"));
  EXPECT_EQ(refused().code, "skill_link_refused");
  fs::remove(inSkill("link.md"));
}

TEST_F(Github, TellsItsTokenToTheApiAlone) {
  fetch();
  std::istringstream requests(control("requests"));
  int toApi = 0, toRaw = 0;
  for (std::string line; std::getline(requests, line);) {
    const bool hasToken = line.find("secret-token") != std::string::npos;
    EXPECT_EQ(hasToken, line.starts_with("/repos/")) << line;
    ++(line.starts_with("/repos/") ? toApi : toRaw);
  }
  EXPECT_EQ(toApi, 3);
  EXPECT_EQ(toRaw, 4);
}

TEST_F(Github, DownloadsFromNoForeignHostAndOnlyWhatWasAnnounced) {
  fault("skills/pdf/empty.txt", "foreign_download",
        "http://127.0.0.2:" + port_ + "/raw/ada/tools/main/skills/pdf/empty.txt");
  EXPECT_EQ(refused().code, "skill_github_foreign");
  for (const auto* kind : {"wrong_sha", "wrong_size"}) {
    fault("skills/pdf/empty.txt", kind);
    const auto answer = refused();
    EXPECT_EQ(answer.code, "skill_github_mismatch");
    EXPECT_EQ(answer.params.at("path"), "skills/pdf/empty.txt");
  }
  fault("skills/pdf/empty.txt", "none");
  fault("raw:skills/pdf/empty.txt", "endless");
  EXPECT_EQ(refused().code, "skill_github_too_large");
  fault("raw:skills/pdf/empty.txt", "status", "404");
  EXPECT_EQ(refused().code, "skill_github_missing");
  fault("raw:skills/pdf/empty.txt", "redirect", "http://127.0.0.2:" + port_ + "/");
  EXPECT_EQ(refused().code, "skill_github_foreign");
}

TEST_F(Github, RefusesSubmodulesFilesAndOddAnswers) {
  control("submodule?path=skills/pdf/scripts");
  EXPECT_EQ(refused().code, "skill_submodule_refused");
  control("clear");
  EXPECT_EQ(refused("skills/pdf/SKILL.md").code, "skill_github_file");
  fault("skills/pdf", "not_json");
  EXPECT_EQ(refused().code, "skill_github_answer");
  fault("skills/pdf", "not_json", R"([{"type":"file","path":"../../etc/passwd","download_url":"http://x/"}])");
  EXPECT_EQ(refused().code, "skill_github_elsewhere");
  control("clear");
  std::string deep = "a";
  for (int i = 0; i < 8; ++i) deep += "/a";
  write(deep + "/x", "");
  EXPECT_EQ(refused().code, "skill_too_deep");
  fs::remove_all(inSkill("a"));
  write("large", std::string(kMaxFileBytes + 1, 'x'));
  EXPECT_EQ(refused().code, "skill_file_too_large");
  EXPECT_THAT(control("requests"), testing::Not(HasSubstr("/large"))) << "its size was announced";
  fs::remove(inSkill("large"));
}

TEST_F(Github, NoticesATarballThatIsCutShort) {
  options_.githubTarball = true;
  for (const auto* part : {"0.9", "0.5", "0.1"}) {
    fault("", "truncated", part);
    EXPECT_EQ(refused().code, "skill_archive_damaged") << part;
  }
  fault("", "not_json", "{}");
  EXPECT_EQ(refused().code, "skill_archive_damaged");
}

}  // namespace
}  // namespace skills
