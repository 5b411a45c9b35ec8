// Household: the real earshotd with sources of every kind, what they hear, and who listens; all of it the
// soak's own.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "tests/daemon/FreePorts.h"
#include "tests/daemon/PulseServer.h"
#include "tests/soak/EventBook.h"
#include "tests/soak/Findings.h"
#include "tests/soak/Outlets.h"
#include "tests/soak/Sender.h"
#include "tests/soak/WebProbe.h"
#include "tests/soak/Witness.h"
#include "tests/support/Child.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::soak {

/// How far what `earshot books` says was heard is from what the stream told, s of a source and life.
struct BooksApart {
  double killed_s = 0.0;   ///< at most, after kill -9
  double stopped_s = 0.0;  ///< after SIGTERM
};

/// Lines of all logs.
struct LogTotals {
  std::size_t lines = 0;
  std::size_t warnings = 0;
};

class Household {
 public:
  /// `tls`: there are addresses beyond loopback.
  Household(std::uint64_t seed, bool tls, Findings& findings, Trace& trace);
  ~Household();
  Household(const Household&) = delete;
  Household& operator=(const Household&) = delete;

  Findings& findings() noexcept { return findings_; }
  Witness& witness() noexcept { return witness_; }
  EventBook& events() noexcept { return events_; }
  Outlets& outlets() noexcept { return outlets_; }
  WebProbe& pages() noexcept { return pages_; }

  // The daemon.

  /// Returns when it is ready and the witness listens. Throws std::runtime_error otherwise.
  void start();
  /// kill -9. Returns when its last line was read.
  void kill();
  /// SIGTERM: it has to take leave and to exit 0.
  void stop();
  void send_signal(int signal) const { daemon_->send_signal(signal); }
  pid_t pid() const noexcept { return daemon_ ? daemon_->pid() : 0; }
  std::uint16_t port() const noexcept { return stream_port_; }
  /// Where the stream and the pages may be found besides, or moved to.
  struct SparePorts {
    std::uint16_t stream;            ///< a second address of the stream's
    std::uint16_t stream_elsewhere;  ///< nobody listens there, as on the next
    std::uint16_t web_elsewhere;
  };
  const SparePorts& spare_ports() const noexcept { return spare_ports_; }
  const LogTotals& log_totals() const noexcept { return log_totals_; }
  /// Faults that must not be there while it starts hold it shared; who kills it has it alone.
  std::shared_mutex& starts() noexcept { return starts_; }

  const std::filesystem::path& config() const noexcept { return config_; }
  const std::string& config_text() const noexcept { return config_text_; }
  const BooksApart& books_apart() const noexcept { return books_apart_; }

  // What it hears.

  /// A sound server and what plays into it, through a FIFO that the server makes.
  struct Microphone {
    std::string source;
    std::filesystem::path fifo;
    std::unique_ptr<test::PulseServer> server;
    std::unique_ptr<Sender> sound;

    void unplug() {
      server->stop();
      std::filesystem::remove(fifo);  // a server that finds it there does not start
    }
    void plug() { server->start(); }
  };
  struct Remote {
    std::string source;
    bool takeover;  ///< a new connection replaces the old one
    std::unique_ptr<Sender> sender;
  };
  std::vector<Microphone>& microphones() noexcept { return microphones_; }
  std::vector<Remote>& remotes() noexcept { return remotes_; }
  Sender& pipe() noexcept { return *pipe_; }
  /// What a camera's command shall do: "speak", "silent", "exit".
  struct Camera {
    std::string source;
    std::filesystem::path order;
    std::filesystem::path pid;
  };
  const std::vector<Camera>& cameras() const noexcept { return cameras_; }
  const std::filesystem::path& loop() const noexcept { return loop_; }
  std::vector<std::string> sources() const;

  /// Sets the daemon's clock.
  void set_clock(std::chrono::nanoseconds offset);

 private:
  void add_microphone(const std::string& source, unsigned rate_hz, unsigned tone_hz);
  void add_remote(const std::string& source, const std::string& listener, std::uint16_t port,
                  unsigned rate_hz, bool floats, std::optional<double> level_dbfs = {});
  void add_camera(const std::string& source);
  void write_config();
  std::vector<std::string> environment() const;
  void end_log();
  std::map<std::string, double> heard_by_books() const;
  void compare_books(double least_s, double most_s, double& worst_s);

  const std::uint64_t seed_;
  Findings& findings_;
  EventBook events_;
  Witness witness_;
  test::TemporaryDirectory directory_;
  std::filesystem::path config_;
  std::string config_text_;
  std::filesystem::path fifo_;
  std::filesystem::path loop_;
  std::filesystem::path clock_;
  test::FreePorts ports_;
  std::uint16_t stream_port_;
  SparePorts spare_ports_;
  std::uint16_t porch_port_;
  std::uint16_t shed_port_;
  std::uint16_t barns_port_;
  Outlets outlets_;
  WebProbe pages_;
  std::vector<Microphone> microphones_;
  std::vector<Remote> remotes_;
  std::vector<Camera> cameras_;
  std::unique_ptr<Sender> pipe_;
  std::shared_mutex starts_;
  std::unique_ptr<test::Child> daemon_;
  LogTotals log_totals_;
  std::map<std::string, double> apart_;  ///< s of a source, over all lives so far
  BooksApart books_apart_;
};

/// What a camera's command runs: speaks on standard output in real time what the sound of `key` is, as
/// `order` says; its process is told in `pid`. Its exit code.
int run_camera(std::uint64_t key, const std::filesystem::path& order, const std::filesystem::path& pid);

}  // namespace earshot::soak
