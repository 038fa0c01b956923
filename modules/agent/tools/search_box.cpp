#include "tools/search_box.hpp"

#include <mortise/characters.hpp>
#include <mortise/json.hpp>
#include <mortise/percent.hpp>

#include <algorithm>
#include <utility>

#include "json_text.hpp"

namespace agent {
namespace {

namespace json = mortise::json;

constexpr std::size_t kTextCharacters = 1000;  // of a title, an address, a snippet
constexpr std::uint64_t kMaxBytes = 2U << 20U;

void replace(std::string& text, std::string_view word, std::string_view by) {
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + by.size()))
    text.replace(at, word.size(), by);
}

// past_day -> day; all -> nothing.
std::string_view rangeWord(std::string_view range) {
  constexpr std::string_view kPast = "past_";
  return range.starts_with(kPast) ? range.substr(kPast.size()) : std::string_view();
}

ToolResult failedSearch(std::string message) {
  auto result = failure(std::move(message));
  result.data = "[]";
  result.content = R"({"results":[]})";
  return result;
}

std::string member(const rapidjson::Value& object, std::initializer_list<std::string_view> names) {
  for (const auto name : names) {
    auto text = textMember(object, name);
    if (!text.empty()) return mortise::firstCharacters(text, kTextCharacters);
  }
  return {};
}

}  // namespace

SearchOptions searchOptions(const mortise::Config& config) {
  SearchOptions options;
  const auto provider = config.text("search_provider");
  options.provider = provider == "searxng" ? SearchProvider::searxng
                     : provider == "json"  ? SearchProvider::json
                                           : SearchProvider::off;
  options.url = config.text("search_url");
  options.apiKey = config.text("search_api_key");
  options.timeout = config.duration("tool_timeout");
  if (options.url.empty()) options.provider = SearchProvider::off;
  return options;
}

std::string searchUrl(const SearchOptions& options, std::string_view query, std::string_view range,
                      std::int64_t count) {
  auto url = options.url;
  const auto word = rangeWord(range);
  if (url.find("{query}") != std::string::npos) {
    replace(url, "{range}", mortise::percentEncoded(word));
    replace(url, "{count}", std::to_string(count));
    replace(url, "{query}", mortise::percentEncoded(query));  // last: it may hold what looks like a place
    return url;
  }
  if (options.provider == SearchProvider::searxng) {
    while (url.ends_with('/')) url.pop_back();
    if (!url.ends_with("/search") && url.find('?') == std::string::npos) url += "/search";
  }
  url += url.find('?') == std::string::npos ? '?' : '&';
  url += "q=" + mortise::percentEncoded(query);
  if (options.provider == SearchProvider::searxng) url += "&format=json";
  if (!word.empty()) url += "&time_range=" + mortise::percentEncoded(word);
  if (options.provider == SearchProvider::json) url += "&count=" + std::to_string(count);
  return url;
}

std::vector<mortise::models::Tool> SearchBox::tools() {
  return {
      {"search_web", "Search the web. Returns addresses, titles and snippets.",
       R"({"type":"object","properties":{"query":{"type":"string","description":"Three to five words"},)"
       R"("date_range":{"type":"string","enum":["all","past_hour","past_day","past_week","past_month","past_year"]}},"required":["query"]})"}};
}

ToolResult SearchBox::call(std::string_view, std::string_view arguments, const ToolContext& context) {
  if (options_.provider == SearchProvider::off)
    return failedSearch("Web search is not set up on this server. Go on without it.");
  rapidjson::Document document;
  if (!parseJson(arguments, document)) return failedSearch("The arguments are no JSON object.");
  mortise::HttpRequest request;
  request.url = searchUrl(options_, textMember(document, "query"), textMember(document, "date_range"), most_);
  request.headers.emplace_back("Accept", "application/json");
  if (!options_.apiKey.empty()) request.headers.emplace_back("Authorization", "Bearer " + options_.apiKey);
  request.timeout = options_.timeout;
  request.maxResponse = kMaxBytes;
  request.stopped = context.stopped;
  mortise::HttpResponse response;
  try {
    response = http_.perform(request);
  } catch (const mortise::HttpClient::Error& error) {
    log_.warning("a search failed", {{"session", context.sessionId}, {"reason", error.note()}});
    return failedSearch("The search did not answer.");
  }
  rapidjson::Document answer;
  if (response.status != 200 || !parseJson(response.body, answer)) {
    log_.warning("a search failed", {{"session", context.sessionId}, {"status", response.status}});
    return failedSearch("The search failed (" + std::to_string(response.status) + ").");
  }
  const auto* list = answer.IsArray() ? &answer : memberOf(answer, "results");
  if (list == nullptr || !list->IsArray()) return failedSearch("The search gave no list of results.");
  json::List results;
  std::int64_t count = 0;
  for (const auto& each : list->GetArray()) {
    if (count >= most_) break;
    const auto url = member(each, {"url", "link", "href"});
    if (url.empty()) continue;
    results.add(json::object({{"url", url},
                              {"title", member(each, {"title", "name"})},
                              {"snippet", member(each, {"snippet", "content", "description"})}}));
    ++count;
  }
  ToolResult result;
  const auto text = results.build().text();
  result.data = text;
  result.content = "{\"results\":" + text + "}";
  if (count == 0) result.message = "Nothing was found.";
  return result;
}

}  // namespace agent
