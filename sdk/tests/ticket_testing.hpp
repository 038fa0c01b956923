// An entity with one field of every kind, for the tests of entities, filters and pages.
#pragma once

#include <mortise/rows.hpp>

#include <optional>
#include <string>
#include <vector>

namespace helpdesk {

enum class State { open, inProgress, closed };
constexpr auto mortiseNames(State) {
  return mortise::names<State>({{State::open, "open"}, {State::inProgress, "in_progress"}, {State::closed, "closed"}});
}

struct Counters {
  std::int64_t comments = 0;
  int votes = 0;
};

struct Ticket {
  std::int64_t id = 0;
  std::string project, title;
  std::optional<std::string> assignee;
  State state = State::open;
  std::vector<std::string> labels;
  std::optional<std::string> details;  // JSON
  Counters counters;
  bool isUrgent = false;
  double weight = 0;
  mortise::Time createdAt;
  std::optional<mortise::Time> closedAt;
  std::string secret;
  std::string excerpt;

  static constexpr auto kFields =
      mortise::fields(
          "desk_tickets", mortise::field("id", &Ticket::id).key(),
          mortise::field("project", &Ticket::project).as("project_id").fixed(), mortise::field("title", &Ticket::title),
          mortise::field("assignee", &Ticket::assignee), mortise::field("state", &Ticket::state),
          mortise::field("labels", &Ticket::labels), mortise::field("details", &Ticket::details).json(),
          mortise::field("comments", &Ticket::counters, &Counters::comments),
          mortise::field("votes", &Ticket::counters, &Counters::votes), mortise::field("urgent", &Ticket::isUrgent),
          mortise::field("weight", &Ticket::weight), mortise::field("created_at", &Ticket::createdAt).fixed(),
          mortise::field("closed_at", &Ticket::closedAt).iso(mortise::kIsoOffset),
          mortise::field("secret", &Ticket::secret).hidden(),
          mortise::field("excerpt", &Ticket::excerpt).computed().leftOutWhenNull().nullWhenEmpty())
          .times(mortise::kIsoMillis);
};

}  // namespace helpdesk
