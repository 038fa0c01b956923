#include "mortise/models.hpp"

#include <algorithm>
#include <initializer_list>

namespace mortise::inline sdk1::models {
namespace {

constexpr std::string_view kCompletions = "/chat/completions";

bool beginsWithOneOf(std::string_view text, std::initializer_list<std::string_view> starts) {
  return std::any_of(starts.begin(), starts.end(), [&](std::string_view start) { return text.starts_with(start); });
}

std::string withoutSlashes(std::string_view url) {
  while (url.ends_with('/')) url.remove_suffix(1);
  return std::string(url);
}

std::string baseOf(std::string_view url) {
  auto base = withoutSlashes(url);
  if (!std::string_view(base).ends_with(kCompletions)) return base;
  return withoutSlashes(std::string_view(base).substr(0, base.size() - kCompletions.size()));
}

Endpoint endpointOf(Provider provider, const ProviderUrls& urls) {
  switch (provider) {
    case Provider::anthropic:
      return {Wire::messages, withoutSlashes(urls.anthropic)};
    case Provider::google:
      return {Wire::generateContent, withoutSlashes(urls.google)};
    case Provider::openai:
      return {Wire::chatCompletions, withoutSlashes(urls.openai)};
    case Provider::openrouter:
      break;
  }
  return {Wire::chatCompletions, withoutSlashes(urls.openrouter)};
}

}  // namespace

Provider providerOf(std::string_view model) {
  if (model.find('/') != std::string_view::npos) return Provider::openrouter;
  if (model.starts_with("claude-")) return Provider::anthropic;
  if (model.starts_with("gemini-")) return Provider::google;
  return beginsWithOneOf(model, {"gpt-", "o1", "o3", "o4"}) ? Provider::openai : Provider::openrouter;
}

std::optional<Provider> providerNamed(std::string_view name) {
  Provider out{};
  return detail::readName(name, out) ? std::optional(out) : std::nullopt;
}

std::string_view nameOf(Provider provider) { return detail::nameOf(provider); }

bool isReasoning(std::string_view model) {
  if (const auto slash = model.rfind('/'); slash != std::string_view::npos) model.remove_prefix(slash + 1);
  return beginsWithOneOf(model, {"o1", "o3", "o4", "gpt-5"});
}

Endpoint endpointFor(const Access& access, const ProviderUrls& urls) {
  auto provider = providerOf(access.model);
  if (!access.provider.empty()) {
    const auto named = providerNamed(access.provider);
    // With an address of its own it is a name for people only.
    if (!named && access.baseUrl.empty()) throw Problem(422, "unknown_provider");
    provider = named.value_or(provider);
  }
  Endpoint out =
      access.baseUrl.empty() ? endpointOf(provider, urls) : Endpoint{Wire::chatCompletions, baseOf(access.baseUrl)};
  out.apiKey = access.apiKey;
  return out;
}

}  // namespace mortise::inline sdk1::models
