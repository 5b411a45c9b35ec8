#include "tests/soak/Report.h"

#include <spdlog/fmt/fmt.h>

#include "tests/bench/Measuring.h"

namespace earshot::soak {
namespace {

std::string slope(const std::optional<double>& per_h, const char* unit) {
  return per_h ? fmt::format("{:+.2f} {}/h", *per_h, unit) : "not measured: too short";
}

void print_faults(const std::map<std::string, Tally>& faults, std::ostream& out) {
  out << fmt::format("{:<44} {:>5} {:>9} {:>9} {:>7}\n", "fault", "times", "recovered", "median s",
                     "worst s");
  for (const auto& [name, tally] : faults) {
    out << fmt::format("{:<44} {:>5} {:>9}", name, tally.begun, tally.recovered);
    if (tally.begun == 0) out << "  left out: too long for this soak";
    if (!tally.recovery_s.empty())
      out << fmt::format(" {:>9.2f} {:>7.2f}", bench::median(tally.recovery_s),
                         bench::percentile(tally.recovery_s, 1.0));
    out << '\n';
  }
}

void print_books(const Report& report, std::ostream& out) {
  const test::BookTotals& books = report.told.books;
  out << fmt::format("\n{} lives of earshotd, {} messages, {} predictions; overload skipped {} windows\n",
                     report.told.lives, report.told.messages, books.predictions, books.skipped);
  out << fmt::format("samples: {} predicted + {} skipped + {} lost + {} not whole = {}\n",
                     books.predicted_samples, books.skipped_samples, books.lost_samples,
                     books.not_whole_samples, books.samples());
  out << fmt::format(
      "moments: {} levels were held against what was spoken then; positions moved against the clock by "
      "{:.2f} s at most\n",
      report.told.levels, report.told.worst_line_s);
  out << fmt::format(
      "earshot books: apart from the stream by {:.2f} s at most after kill -9, {:.2f} s after SIGTERM\n",
      report.books.killed_s, report.books.stopped_s);
  out << fmt::format("log: {} lines, {} of them warnings\n", report.log.lines, report.log.warnings);
}

void print_outlets(const Report& report, std::ostream& out) {
  out << fmt::format("\nevents: {} told by the stream\n", report.events);
  if (const auto& mqtt = report.mqtt) {
    out << fmt::format(
        "MQTT: {} of them over {} connections, {} late, {} twice; {} taken by kill -9, {} left in the "
        "outbox; {} "
        "messages in all\n",
        mqtt->events - mqtt->repeated, mqtt->connections, mqtt->late, mqtt->repeated, mqtt->taken, mqtt->left,
        mqtt->messages);
  } else {
    out << "MQTT: left out, mosquitto is not installed\n";
  }
  out << fmt::format("actions: a program was told of {}, a server of {}, of {} again\n",
                     report.actions.commanded, report.actions.posted, report.actions.posted_again);
  out << fmt::format("pages: {} answers, the slowest after {:.2f} s\n", report.pages.answers,
                     report.pages.slowest_s);
  if (!report.tls) out << "clients by TLS: left out, a network namespace takes root's rights\n";
}

void print_resources(const Report& report, std::ostream& out) {
  if (!report.begin || !report.end) return;
  const auto row = [&](const char* what, auto begin, auto end, const std::string& grows) {
    out << fmt::format("{:<24} {:>8} {:>8}  {}\n", what, begin, end, grows);
  };
  out << fmt::format("\n{:<24} {:>8} {:>8}  slope over the last life's second half\n", "without a fault",
                     "begin", "end");
  const auto mb = [](double value) { return fmt::format("{:.1f}", value); };
  row("memory, MB", mb(report.begin->daemon_mb), mb(report.end->daemon_mb),
      slope(report.memory_mb_per_h, "MB"));
  row("memory of helpers, MB", mb(report.begin->helpers_mb), mb(report.end->helpers_mb),
      slope(report.helpers_mb_per_h, "MB"));
  row("helpers", report.begin->helpers, report.end->helpers, "");
  row("threads", report.begin->threads, report.end->threads, slope(report.threads_per_h, ""));
  row("descriptors", report.begin->descriptors, report.end->descriptors, slope(report.descriptors_per_h, ""));
}

}  // namespace

void print(const Report& report, std::ostream& out) {
  out << fmt::format("soak of {:.1f} minutes, seed {}\n\n", report.minutes, report.seed);
  print_faults(report.faults, out);
  print_books(report, out);
  print_outlets(report, out);
  print_resources(report, out);
  out << fmt::format("\nunexplained: {}\n", report.unexplained.empty() ? "nothing" : "");
  for (const std::string& line : report.unexplained) out << "  " << line << '\n';
  out << std::flush;
}

}  // namespace earshot::soak
