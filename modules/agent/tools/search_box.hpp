// search_web, through a provider that answers at an address: a server of SearXNG, or any that speaks JSON.
#pragma once

#include <mortise/config.hpp>
#include <mortise/host.hpp>
#include <mortise/http_client.hpp>
#include <mortise/log.hpp>

#include <chrono>
#include <cstdint>
#include <string>

#include "loop/agent_settings.hpp"
#include "tools/tool_boxes.hpp"

namespace agent {

enum class SearchProvider { off, searxng, json };

struct SearchOptions {
  SearchProvider provider = SearchProvider::off;
  std::string url{};
  std::string apiKey{};
  std::chrono::milliseconds timeout{120000};
};
SearchOptions searchOptions(const mortise::Config& config);

// Where a question is asked. {query}, {range} and {count} in the address are replaced; without {query} they are added.
std::string searchUrl(const SearchOptions& options, std::string_view query, std::string_view range, std::int64_t count);

class SearchBox final : public ToolBox {
 public:
  SearchBox(mortise::HttpClient http, mortise::Log log, const SearchOptions& options, std::int64_t most)
      : http_(http), log_(log), options_(options), most_(most) {}
  std::string_view name() const override { return "search"; }
  std::vector<mortise::models::Tool> tools() override;
  ToolResult call(std::string_view function, std::string_view arguments, const ToolContext& context) override;
  bool mayRepeat(std::string_view) const override { return true; }

 private:
  mortise::HttpClient http_;
  mortise::Log log_;
  const SearchOptions& options_;
  std::int64_t most_;
};

class SearchBoxMaker final : public ToolBoxMaker {
 public:
  // `settings` must outlive this object.
  SearchBoxMaker(mortise::Host host, const AgentSettings& settings)
      : http_(host.httpClient()), log_(host.log()), options_(searchOptions(host.config())), settings_(settings) {}
  std::unique_ptr<ToolBox> make(const TaskFacts&) override {
    return std::make_unique<SearchBox>(http_, log_, options_, settings_.loop().maxSearchResults);
  }

 private:
  mortise::HttpClient http_;
  mortise::Log log_;
  SearchOptions options_;
  const AgentSettings& settings_;
};

}  // namespace agent
