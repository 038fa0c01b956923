#include "core/config/config.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>

namespace mortise::config {
namespace {

Table kernelTable() {
  Table table;
  for (const Option& option : kernelOptions()) table.add(option);
  return table;
}

Table withScheduler() {
  Table table = kernelTable();
  Option option;
  option.section = "scheduler";
  option.key = "timezone";
  option.fallback = "Asia/Shanghai";
  table.add(option);
  return table;
}

struct Outcome {
  Config config;
  std::vector<std::string> refusals;
};

Outcome read(const std::string& ini, Sources sources = {}, bool complete = true, const Table& table = kernelTable(),
             const std::vector<std::string>& known = {}) {
  std::vector<Refusal> refusals;
  Outcome outcome{Reader(std::move(sources), "etc/mortise.conf", ini).read(table, complete, known, refusals), {}};
  for (const Refusal& refusal : refusals) outcome.refusals.push_back(refusal.where + ": " + refusal.text);
  return outcome;
}

using Texts = std::vector<std::string>;

TEST(Config, GivesDefaultsWhenNothingIsSet) {
  const Outcome outcome = read("");
  EXPECT_EQ(outcome.refusals, Texts{});
  EXPECT_EQ(outcome.config.list("http.listen"), Texts{"127.0.0.1:8000"});
  EXPECT_EQ(outcome.config.integer("http.max_body"), 1 << 20);
  EXPECT_EQ(outcome.config.integer("http.idle_timeout"), 60'000);
  EXPECT_TRUE(outcome.config.boolean("limits.enabled"));
  EXPECT_FALSE(outcome.config.isSet("http.listen"));
  EXPECT_EQ(outcome.config.origin("http.listen"), "default");
}

TEST(Config, CommandLineGoesBeforeFileBeforeEnvironment) {
  Sources sources;
  sources.commandLine = {{"http.workers", "3"}};
  sources.environment = {{"MORTISE_HTTP_WORKERS", "9"}, {"MORTISE_HTTP_QUEUE", "9"}, {"MORTISE_LOG_LEVEL", "debug"}};
  const Outcome outcome = read("[http]\nworkers = 5\nqueue = 5\n", sources);
  EXPECT_EQ(outcome.refusals, Texts{});
  EXPECT_EQ(outcome.config.integer("http.workers"), 3);
  EXPECT_EQ(outcome.config.origin("http.workers"), "command line");
  EXPECT_EQ(outcome.config.integer("http.queue"), 5);
  EXPECT_EQ(outcome.config.origin("http.queue"), "etc/mortise.conf:3");
  EXPECT_EQ(outcome.config.text("log.level"), "debug");
  EXPECT_EQ(outcome.config.origin("log.level"), "MORTISE_LOG_LEVEL");
}

TEST(Config, ListsRepeatWithinOneSourceAndAreNotMixed) {
  Sources sources;
  sources.environment = {{"MORTISE_HTTP_LISTEN", "0.0.0.0:1"}};
  const Outcome outcome = read("[http]\nlisten = a:1, b:2\nlisten = c:3\ncors_origins =\n", sources);
  EXPECT_EQ(outcome.refusals, Texts{});
  EXPECT_EQ(outcome.config.list("http.listen"), (Texts{"a:1", "b:2", "c:3"}));
  EXPECT_EQ(outcome.config.list("http.cors_origins"), Texts{});
  EXPECT_TRUE(outcome.config.isSet("http.cors_origins"));
}

TEST(Config, UnknownKeysAreRefusedWithLineAndNearestName) {
  EXPECT_EQ(read("[scheduler]\n\ntimezon = UTC\n", {}, true, withScheduler()).refusals,
            Texts{"etc/mortise.conf:3: unknown option scheduler.timezon; did you mean scheduler.timezone?"});
  Sources sources;
  sources.commandLine = {{"http.lisetn", "x"}};
  sources.environment = {{"MORTISE_HTTP_LISTN", "x"}};
  EXPECT_EQ(read("", sources).refusals,
            (Texts{"command line: unknown option --http.lisetn; did you mean http.listen?",
                   "MORTISE_HTTP_LISTN: no option belongs to this variable; did you mean MORTISE_HTTP_LISTEN?"}));
}

// The settings of a module whose file is gone must not keep the server from starting; slips are still refused.
TEST(Config, SettingsThatResembleNoneAreReportedAndLeftAlone) {
  Sources sources;
  sources.commandLine = {{"tickets.limit", "3"}, {"htpp.listen", "x"}};
  sources.environment = {{"MORTISE_TICKETS_LIMIT", "3"}, {"MORTISE_HTTP_TICKETS", "3"}, {"MORTISE_HTP_LISTEN", "x"}};
  const auto outcome = read("[tickets]\na = 1\nb = 2\n[htpp]\na = 1\n", sources);
  Texts ignored;
  for (const auto& one : outcome.config.ignored()) ignored.push_back(one.where + ": " + one.text);
  EXPECT_EQ(ignored,
            (Texts{"command line: option --tickets.limit is left alone: no module of the name tickets is here",
                   "etc/mortise.conf:1: section [tickets] is left alone: no module of the name tickets is here",
                   "MORTISE_TICKETS_LIMIT: is left alone: no module with such an option is here"}));
  EXPECT_EQ(outcome.refusals,
            (Texts{"command line: unknown option --htpp.listen; did you mean http.listen?",
                   "etc/mortise.conf:4: unknown section [htpp]; did you mean [http]?",
                   "MORTISE_HTTP_TICKETS: no option belongs to this variable; did you mean MORTISE_HTTP_WORKERS?",
                   "MORTISE_HTP_LISTEN: no option belongs to this variable; did you mean MORTISE_HTTP_LISTEN?"}));
}

TEST(Config, UnknownSectionsAreRefusedOnceAndOnlyWhenComplete) {
  const std::string ini = "[schedulr]\na = 1\nb = 2\n";
  EXPECT_EQ(read(ini, {}, true, withScheduler()).refusals,
            Texts{"etc/mortise.conf:1: unknown section [schedulr]; did you mean [scheduler]?"});
  EXPECT_EQ(read(ini, {}, false, withScheduler()).refusals, Texts{});
}

TEST(Config, FirstPassStillChecksWhatItKnows) {
  Sources sources;
  sources.commandLine = {{"scheduler.timezone", "UTC"}};
  sources.environment = {{"MORTISE_SCHEDULER_TIMEZONE", "UTC"}};
  const Outcome outcome = read("[scheduler]\ntimezone = UTC\n[http]\nworker = 1\n", sources, false);
  EXPECT_EQ(outcome.refusals, Texts{"etc/mortise.conf:4: unknown option http.worker; did you mean http.workers?"});
}

TEST(Config, SectionsOfDisabledModulesAreIgnored) {
  Sources sources;
  sources.commandLine = {{"scheduler.x", "1"}};
  sources.environment = {{"MORTISE_SCHEDULER_X", "1"}};
  EXPECT_EQ(read("[scheduler]\nanything = 1\n", sources, true, kernelTable(), {"scheduler"}).refusals, Texts{});
}

TEST(Config, WrongValuesNameOptionRuleAndValue) {
  EXPECT_EQ(
      read("[http]\nworkers = many\nqueue = 0\nidle_timeout = 5x\nmax_body = 1ZiB\n"
           "[log]\nformat = xml\n[limits]\nenabled = maybe\n")
          .refusals,
      (Texts{
          "etc/mortise.conf:2: http.workers must be a whole number from 0 to 1024, not \"many\"",
          "etc/mortise.conf:3: http.queue must be a whole number from 1 to 1000000, not \"0\"",
          "etc/mortise.conf:4: http.idle_timeout must be a duration (250ms, 10s, 5m, 1h) from 1s to 3600s, not \"5x\"",
          "etc/mortise.conf:5: http.max_body must be a size (64KiB, 1MiB, 10MB) from 1KiB to 1024MiB, not \"1ZiB\"",
          "etc/mortise.conf:7: log.format must be one of logfmt, json, not \"xml\"",
          "etc/mortise.conf:9: limits.enabled must be true or false, not \"maybe\""}));
}

TEST(Config, SecretsAreNotEchoed) {
  Table table = kernelTable();
  Option option;
  option.section = "auth";
  option.key = "pin";
  option.type = Type::integer;
  option.secret = true;
  table.add(option);
  const Outcome outcome = read("[auth]\npin = hunter2\n", {}, true, table);
  EXPECT_EQ(outcome.refusals, Texts{"etc/mortise.conf:2: auth.pin must be a whole number"});
}

TEST(Config, DoubledKeysAreRefused) {
  EXPECT_EQ(read("[http]\nworkers = 1\n[log]\n[http]\nworkers = 2\n").refusals,
            Texts{"etc/mortise.conf:5: http.workers is given twice, first at etc/mortise.conf:2; remove one"});
  Sources sources;
  sources.commandLine = {{"http.workers", "1"}, {"http.workers", "2"}};
  EXPECT_EQ(read("", sources).refusals, Texts{"command line: http.workers is given twice; remove one"});
}

TEST(Config, IniFormIsReadAsWritten) {
  const Outcome outcome = read(
      "\xef\xbb\xbf# comment\r\n; comment\r\n[ mail ] # here\r\n  from = \"A # \\\"B\\\" <a@b>\" ; who\r\n"
      "[db]\nurl = postgresql://u:p#w@h/d   # trailing\n[data]\ndir = /a b/c\n");
  EXPECT_EQ(outcome.refusals, Texts{});
  EXPECT_EQ(outcome.config.text("mail.from"), "A # \"B\" <a@b>");
  EXPECT_EQ(outcome.config.text("db.url"), "postgresql://u:p#w@h/d");
  EXPECT_EQ(outcome.config.text("data.dir"), "/a b/c");
}

TEST(Config, BadLinesAreRefusedWithTheirNumber) {
  const std::string ini = std::string("key = 1\n[bad name]\nskipped = 1\n[http]\nnonsense\n = 3\nlisten = \"open\n") +
                          std::string("quick\0 = 1\n", 11) + "latin = \xff\n";
  EXPECT_EQ(
      read(ini).refusals,
      (Texts{"etc/mortise.conf:1: key key stands before the first [section]",
             "etc/mortise.conf:2: a section is written [name], with letters, digits, _ and - in the name",
             "etc/mortise.conf:5: expected [section], key = value or a # comment",
             "etc/mortise.conf:6: the key before = must be letters, digits, _ and -",
             "etc/mortise.conf:7: the quoted value of http.listen does not end with the line's last quote",
             "etc/mortise.conf:8: the line is not UTF-8 text", "etc/mortise.conf:9: the line is not UTF-8 text"}));
}

TEST(Config, TheFileIsReadFromDisk) {
  char path[] = "/tmp/mortise-config-XXXXXX";
  const int file = ::mkstemp(path);
  ASSERT_GE(file, 0);
  ::close(file);
  std::ofstream(path) << "[http]\nworkers = 7\n";
  Sources sources;
  sources.file = path;
  std::vector<Refusal> refusals;
  EXPECT_EQ(Reader(sources).read(kernelTable(), true, {}, refusals).integer("http.workers"), 7);
  EXPECT_TRUE(refusals.empty());
  ::unlink(path);
  Reader(sources).read(kernelTable(), true, {}, refusals);
  ASSERT_EQ(refusals.size(), 1u);
  EXPECT_EQ(refusals[0].where, path);
  EXPECT_EQ(refusals[0].text, "can't be opened: No such file or directory");
  refusals.clear();
  sources.file = "/tmp";
  Reader(sources).read(kernelTable(), true, {}, refusals);
  ASSERT_EQ(refusals.size(), 1u);
  EXPECT_EQ(refusals[0].text, "is not a file");
}

TEST(Config, TheSampleIsItsOwnProof) {
  const Table table = withScheduler();
  std::string text = sample(table);
  EXPECT_EQ(read(text, {}, true, table).refusals, Texts{});
  // With every option enabled, the sample must be accepted and change nothing.
  std::string active;
  std::size_t from = 0;
  while (from < text.size()) {
    const std::size_t end = text.find('\n', from);
    std::string line = text.substr(from, end - from);
    if (line.starts_with('#') && !line.starts_with("# ")) line.erase(0, 1);
    active += line + '\n';
    from = end + 1;
  }
  const Outcome outcome = read(active, {}, true, table);
  EXPECT_EQ(outcome.refusals, Texts{});
  for (const Option& option : table.all()) {
    EXPECT_TRUE(outcome.config.isSet(option.name())) << option.name();
    EXPECT_EQ(outcome.config.text(option.name()), option.fallback);
  }
}

TEST(Config, EveryKernelOptionHasHelp) {
  for (const Option& option : kernelOptions()) {
    EXPECT_FALSE(option.help.empty()) << option.name();
    EXPECT_EQ(option.help.find('\n'), std::string::npos) << option.name();
  }
}

TEST(Config, SettingsAreTakenOutOfTheArguments) {
  std::vector<std::string> arguments{"serve",
                                     "--http.listen=a:1",
                                     "--config",
                                     "x.conf",
                                     "--http.workers",
                                     "4",
                                     "--db.url=postgresql://h/d?a=b",
                                     "--log.level",
                                     "--",
                                     "--not.mine=1"};
  const auto settings = takeSettings(arguments);
  const std::vector<std::pair<std::string, std::string>> expected{
      {"http.listen", "a:1"}, {"http.workers", "4"}, {"db.url", "postgresql://h/d?a=b"}, {"log.level", ""}};
  EXPECT_EQ(settings, expected);
  EXPECT_EQ(arguments, (Texts{"serve", "--config", "x.conf", "--", "--not.mine=1"}));
}

TEST(Config, EnvironmentIsThisProcesses) {
  ::setenv("MORTISE_HTTP_LISTEN", "x:1", 1);
  bool isThere = false;
  for (const auto& [name, value] : environment())
    isThere = isThere || (name == "MORTISE_HTTP_LISTEN" && value == "x:1");
  EXPECT_TRUE(isThere);
  ::unsetenv("MORTISE_HTTP_LISTEN");
}

TEST(Config, NamesKnownFromElsewhereComeLast) {
  Sources sources;
  sources.environment = {{"JWT_ACCESS_TOKEN_EXPIRE_MINUTES", "45"},
                         {"JWT_REFRESH_TOKEN_EXPIRE_DAYS", "3"},
                         {"MINIO_ACCESS_KEY", "elsewhere"},
                         {"MINIO_BUCKET_NAME", "uploads"},
                         {"MINIO_ENDPOINT", "minio:9000"},
                         {"MINIO_SECURE", "False"},
                         {"MINIO_REGION", ""},
                         {"MORTISE_BLOBS_S3_ACCESS_KEY", "ours"},
                         {"REDIS_DB", "2"},
                         {"REDIS_HOST", "redis"},
                         {"REDIS_PASSWORD", "a/b"},
                         {"SKILLS_ROOT_DIR", "/skills of no enabled module"},
                         {"SQLALCHEMY_DATABASE_URL", "postgresql+asyncpg://app@db/agent"}};
  const Outcome outcome = read("[blobs]\ns3_secure = true\n", sources);
  EXPECT_EQ(outcome.refusals, Texts{});
  EXPECT_EQ(outcome.config.text("blobs.url"), "s3://uploads");
  EXPECT_EQ(outcome.config.origin("blobs.url"), "MINIO_BUCKET_NAME");
  EXPECT_EQ(outcome.config.text("blobs.s3_endpoint"), "minio:9000");
  EXPECT_EQ(outcome.config.text("blobs.s3_access_key"), "ours");
  EXPECT_TRUE(outcome.config.boolean("blobs.s3_secure"));
  EXPECT_EQ(outcome.config.text("blobs.s3_region"), "us-east-1");
  EXPECT_EQ(outcome.config.integer("identity.platform_access_ttl"), 45 * 60'000);
  EXPECT_EQ(outcome.config.integer("identity.platform_refresh_ttl"), 3 * 86'400'000);
  EXPECT_EQ(outcome.config.text("cache.url"), "redis://:a%2Fb@redis:6379/2");
  EXPECT_EQ(outcome.config.text("db.url"), "postgresql://app@db/agent");
  sources.environment = {{"MINIO_SECURE", "perhaps"}};
  EXPECT_EQ(read("", sources).refusals, Texts{"MINIO_SECURE: blobs.s3_secure must be true or false, not \"perhaps\""});
}

TEST(Config, MisuseByCodeIsLoud) {
  Table table = kernelTable();
  EXPECT_THROW(table.add(kernelOptions()[0]), std::logic_error);
  Option bad;
  bad.section = "x";
  bad.key = "y";
  bad.type = Type::integer;
  bad.fallback = "many";
  EXPECT_THROW(table.add(bad), std::logic_error);
  const Outcome outcome = read("");
  EXPECT_THROW(outcome.config.text("no.such"), std::logic_error);
  EXPECT_THROW(outcome.config.integer("http.listen"), std::logic_error);
  EXPECT_THROW(outcome.config.list("http.workers"), std::logic_error);
}

TEST(Units, DurationsAndSizes) {
  EXPECT_EQ(parseDuration("250ms"), 250);
  EXPECT_EQ(parseDuration("10"), 10'000);
  EXPECT_EQ(parseDuration(" 5 m "), 300'000);
  EXPECT_EQ(parseDuration("1h"), 3'600'000);
  EXPECT_EQ(parseDuration("30d"), 2'592'000'000);
  for (const char* bad : {"", "s", "-1s", "1.5s", "1w", "99999999999999999999", "9223372036854775807"}) {
    EXPECT_EQ(parseDuration(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(parseSize("64KiB"), 65536);
  EXPECT_EQ(parseSize("1m"), 1 << 20);
  EXPECT_EQ(parseSize("10MB"), 10'000'000);
  EXPECT_EQ(parseSize("3"), 3);
  for (const char* bad : {"", "KiB", "-1", "1 2", "9223372036854775807KiB"})
    EXPECT_EQ(parseSize(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace mortise::config
