#include "rules/rules_operations.hpp"

#include <mortise/json.hpp>
#include <mortise/names.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>
#include <mortise/uuid.hpp>

#include <algorithm>
#include <string>
#include <utility>

#include "knowledge/context_document.hpp"

namespace projects {
namespace {

namespace contract = projects_contract::rules;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;
using mortise::Transaction;

constexpr std::int64_t kMaxTokens = 20'000;
constexpr std::int64_t kFactsOfType = 400;  // read of each type and freshness: more than a budget holds
constexpr std::size_t kMaxOverrides = std::size_t{64} << 10;

std::string etagOf(const ProjectRules& rules) { return "W/\"" + rules.etag + "\""; }

Reply shown(const ProjectRules& rules) {
  std::vector<std::string> supported;
  for (const auto& tool : rulesTools()) supported.emplace_back(tool.name);
  auto reply =
      Reply::ok(json::from(rules).add("supported_tools", json::list(supported)).add("etag", etagOf(rules)).build());
  reply.header("ETag", etagOf(rules));
  return reply;
}

void setTokens(std::int64_t& into, const mortise::BodyMember<std::int64_t>& member, const char* field) {
  if (!member.has()) return;
  if (*member < 0 || *member > kMaxTokens) {
    throw Problem(422, "max_tokens_exceeded")
        .with("field", field)
        .with("most", kMaxTokens)
        .details(json::object({{"field", field}, {"min", 0}, {"max", kMaxTokens}, {"current", *member}}));
  }
  into = *member;
}

std::vector<std::string> withoutRepetitions(const std::vector<std::string>& texts) {
  std::vector<std::string> out;
  for (const auto& text : texts) {
    if (std::find(out.begin(), out.end(), text) == out.end()) out.push_back(text);
  }
  return out;
}

// Puts what the body says into the rules. Problems 422 of the contract.
void apply(const contract::RulesChange& body, ProjectRules& rules) {
  setTokens(rules.knowledgeMaxTokens, body.knowledgeMaxTokens, "knowledge_max_tokens");
  setTokens(rules.contextMaxTokens, body.contextMaxTokens, "context_max_tokens");
  if (body.enabledTools.has()) {
    for (const auto& tool : *body.enabledTools) {
      if (!isRulesTool(tool)) throw Problem(422, "rules_tool_unknown").with("tool", tool);
    }
    rules.enabledTools = withoutRepetitions(*body.enabledTools);
  }
  if (body.toolOverrides.has()) {
    rules.toolOverrides = body.toolOverrides->toText();
    if (rules.toolOverrides.size() > kMaxOverrides) {
      throw Problem(422, "validation_failed")
          .field("body/tool_overrides", "json_too_long", {{"most", std::to_string(kMaxOverrides)}});
    }
  }
  if (body.staticRules.has()) rules.staticRules = *body.staticRules;
  if (body.includeKnowledge.has()) rules.includeKnowledge = *body.includeKnowledge;
  if (body.includeContext.has()) rules.includeContext = *body.includeContext;
  if (body.contextSections.has()) rules.contextSections = withoutRepetitions(*body.contextSections);
  if (body.knowledgeTypes.has()) rules.knowledgeTypes = withoutRepetitions(*body.knowledgeTypes);
}

bool isSame(const ProjectRules& a, const ProjectRules& b) {
  return a.staticRules == b.staticRules && a.includeKnowledge == b.includeKnowledge &&
         a.knowledgeTypes == b.knowledgeTypes && a.knowledgeMaxTokens == b.knowledgeMaxTokens &&
         a.includeContext == b.includeContext && a.contextSections == b.contextSections &&
         a.contextMaxTokens == b.contextMaxTokens && a.toolOverrides == b.toolOverrides &&
         a.enabledTools == b.enabledTools;
}

json::Value outputJson(const CompiledOutput& output) {
  return json::object({{"tool", output.tool},
                       {"filename", output.filename},
                       {"content", output.content},
                       {"hash", output.hash},
                       {"token_count", output.tokenCount}});
}

}  // namespace

RulesOperations::RulesOperations(mortise::Host host, const ProjectAccess& access, const ProjectChanges& changes)
    : db_(host.db()),
      audit_(host.audit()),
      rules_(db_),
      entries_(db_),
      projects_(db_),
      access_(access),
      changes_(changes) {}

void RulesOperations::removed(Transaction& tx, std::string_view projectId) { rules_.in(tx).removeAllOf(projectId); }

void RulesOperations::merged(Transaction& tx, ProjectMerge& merge) {
  const auto rules = rules_.in(tx);
  if (!rules.find(merge.from)) return;
  if (rules.find(merge.into)) {
    rules.removeAllOf(merge.from);
    merge.rulesAction = "kept";
  } else {
    rules.move(merge.from, merge.into);
    merge.rulesAction = "moved";
  }
}

Reply RulesOperations::readRules(const Request& request) {
  return shown(rules_.of(access_.reach(request).project.id, mortise::now()));
}

Reply RulesOperations::changeRules(const Request& request, const contract::RulesChange& body) {
  const auto reached = access_.reachToEdit(request);
  const auto ifMatch = request.header("If-Match");
  if (ifMatch.empty()) throw Problem(428, "if_match_required");
  const auto now = mortise::now();
  auto rules = rules_.of(reached.project.id, now);
  // Letter by letter, as the clients of this family take it: a weak etag never matches by the book.
  if (std::string_view(ifMatch) != etagOf(rules)) throw Problem(409, "rules_changed");
  auto next = rules;
  apply(body, next);
  if (isSame(rules, next)) return shown(rules);
  next.updatedAt = now;
  db_.transaction([&](Transaction& tx) {
    auto stored = next;
    if (!rules_.in(tx).change(stored)) throw Problem(409, "rules_changed");
    audit_.in(tx).record(request, "projects.rules_changed", "project:" + reached.project.id);
    changes_.record(tx,
                    {ProjectEvent::rulesChanged, reached.project.id, stored.id, "updated", request.principal().userId});
    rules = std::move(stored);
  });
  return shown(rules);
}

RulesSources RulesOperations::sourcesOf(const Request& request, const ProjectRules& rules) const {
  std::vector<Entry> claims;
  if (rules.includeKnowledge && rules.knowledgeMaxTokens > 0) {
    for (const auto& name : rules.knowledgeTypes) {
      EntryType type{};
      if (!mortise::detail::readName(name, type)) continue;
      for (const auto freshness : {Freshness::current, Freshness::aging}) {
        request.stopIfExpired();
        EntryFilter filter;
        filter.type = type;
        filter.claimClass = ClaimClass::claim;
        filter.dismissed = false;
        filter.freshness = freshness;
        filter.order = EntryOrder::confidence;
        filter.limit = kFactsOfType;
        auto some = entries_.list(rules.projectId, filter, [&] { request.stopIfExpired(); });
        claims.insert(claims.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
      }
    }
  }
  std::sort(claims.begin(), claims.end(), [](const Entry& a, const Entry& b) {
    return a.confidence != b.confidence ? a.confidence > b.confidence : a.id > b.id;
  });
  std::vector<RulesFact> facts;
  facts.reserve(claims.size());
  for (auto& claim : claims) facts.push_back({claim.id, claim.type, std::move(claim.content)});
  std::vector<RulesSection> sections;
  if (rules.includeContext && rules.contextMaxTokens > 0) {
    const auto document = projects_.document(rules.projectId);
    for (auto& section : ContextDocument(document.text).sections())
      sections.push_back({std::move(section.slug), std::move(section.title), std::move(section.content)});
  }
  return withinBudgets(rules, facts, sections);
}

bool RulesOperations::keep(const Request& request, ProjectRules& rules, const RulesSources& sources,
                           std::vector<CompiledOutput>& outputs) const {
  const auto hash = aggregateHash(outputs);
  return db_.transaction([&](Transaction& tx) {
    const auto store = rules_.in(tx);
    if (!store.lock(rules.id)) throw Problem(404, "project_not_found");  // removed meanwhile
    const auto newest = store.newest(rules.id);
    if (newest && newest->contentHash == hash) {
      rules.version = newest->version;
      setVersion(outputs, newest->version);
      return false;
    }
    RulesVersion version;
    version.id = mortise::makePrefixedId("rv_");
    version.rulesId = rules.id;
    version.version = newest ? newest->version + 1 : 1;
    setVersion(outputs, version.version);
    version.staticRules = rules.staticRules;
    json::Object compiled, context;
    json::List knowledge;
    for (const auto& output : outputs) {
      compiled.add(output.tool, json::object({{"filename", output.filename},
                                              {"content", output.content},
                                              {"hash", output.hash},
                                              {"token_count", output.tokenCount}}));
      version.tools.push_back(output.tool);
    }
    std::sort(version.tools.begin(), version.tools.end());
    for (const auto& fact : sources.facts)
      knowledge.add(json::object(
          {{"id", fact.id}, {"entry_type", mortise::detail::nameOf(fact.type)}, {"content", fact.content}}));
    for (const auto& section : sources.sections) context.add(section.slug, section.content);
    version.compiledOutputs = compiled.build().text();
    version.knowledgeSnapshot = knowledge.build().text();
    version.contextSnapshot = context.build().text();
    version.compiledAt = mortise::now();
    version.compiledBy = request.principal().userId;
    version.contentHash = hash;
    store.add(version);
    changes_.record(tx,
                    {ProjectEvent::rulesChanged, rules.projectId, rules.id, "compiled", request.principal().userId});
    rules.version = version.version;
    return true;
  });
}

Reply RulesOperations::compileRules(const Request& request, const std::optional<contract::RulesCompilation>& body) {
  const auto reached = access_.reach(request);
  auto rules = rules_.of(reached.project.id, mortise::now());
  const bool isPart = body && body->tools.has();
  const auto& tools = isPart ? *body->tools : rules.enabledTools;
  // Without a tool there is nothing to read for.
  const auto sources =
      std::any_of(tools.begin(), tools.end(), isRulesTool) ? sourcesOf(request, rules) : RulesSources();
  auto outputs = compiledRules(rules, sources, tools);
  bool isNew = false;
  if (isPart || !reached.canEdit || outputs.empty()) {
    setVersion(outputs, rules.version);
  } else {
    isNew = keep(request, rules, sources, outputs);
  }
  return Reply::ok(json::object({{"version", rules.version},
                                 {"created_new_version", isNew},
                                 {"aggregate_hash", aggregateHash(outputs)},
                                 {"outputs", json::list(outputs, outputJson)}}));
}

Reply RulesOperations::listRulesVersions(const Request& request) {
  const auto rules = rules_.find(access_.reach(request).project.id);
  return Reply::ok(rules ? json::list(rules_.versions(rules->id)) : json::list());
}

Reply RulesOperations::readRulesVersion(const Request& request) {
  const auto rules = rules_.find(access_.reach(request).project.id);
  if (!rules) throw Problem(404, "rules_version_not_found");
  return Reply::ok(json::from(
      mortise::orNotFound(rules_.version(rules->id, request.pathInteger("version")), "rules_version_not_found")));
}

}  // namespace projects
