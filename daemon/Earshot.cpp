// earshot: the companion of earshotd for people.
#include <unistd.h>

#include <cstdint>
#include <exception>
#include <filesystem>
#include <iostream>
#include <limits>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "daemon/capture/DeviceList.h"
#include "daemon/capture/PortAudio.h"
#include "daemon/capture/SenderIntroduction.h"
#include "daemon/client/BooksCommand.h"
#include "daemon/client/CertificateCommand.h"
#include "daemon/client/Classify.h"
#include "daemon/client/DemoCommand.h"
#include "daemon/client/EndOnSignal.h"
#include "daemon/client/LabelTree.h"
#include "daemon/client/Send.h"
#include "daemon/client/TokenCommand.h"
#include "daemon/client/Watch.h"
#include "daemon/doctor/Doctor.h"
#include "daemon/net/Certificate.h"
#include "dsp/audio/Resampler.h"
#include "dsp/base/Error.h"
#include "dsp/base/Failure.h"
#include "dsp/base/LibraryLines.h"
#include "dsp/base/NumberText.h"
#include "dsp/base/StandardOutput.h"
#include "dsp/base/Terminal.h"
#include "dsp/base/Uncaught.h"
#include "dsp/base/Utf8.h"
#include "nn/model/Model.h"

namespace {

using namespace earshot;

Endpoint endpoint_from(const std::string& text) {
  const auto endpoint = parse_endpoint(text);
  if (!endpoint || endpoint->port == 0) {
    throw Error(ExitCode::usage,
                "found '" + text + "', expected HOST:PORT, such as 127.0.0.1:7557 or [::1]:7557");
  }
  return *endpoint;
}

SocketAddress server_from(const std::string& text) {
  if (!text.starts_with("unix:")) return endpoint_from(text);
  const auto address = parse_socket_address(text);
  if (!address)
    throw Error(ExitCode::usage, "found '" + text + "', expected unix: and the socket's absolute path");
  return *address;
}

/// Checks of options: CLI11 itself reads 010 as 8, true as 1 and -1 as the greatest of unsigned numbers.
auto whole_number(std::int64_t least, std::uint64_t most) {
  return [least, most](const std::string& text) { return whole_number_problem(text, least, most); };
}
auto number(double least, double most) {
  return [least, most](const std::string& text) { return number_problem(text, least, most); };
}

/// Of a daemon that speaks TLS.
struct TlsOptions {
  std::string pin;
  std::string token_file;
};

void add_tls(CLI::App& command, TlsOptions& options) {
  command.add_option("--pin", options.pin, "By TLS, to whom has the certificate with this fingerprint")
      ->option_text("FINGERPRINT");
  command.add_option("--token-file", options.token_file, "The token to say there; - is standard input")
      ->option_text("FILE");
}

/// A token is said to nobody who could be anybody.
std::optional<TlsCredentials> credentials_from(const TlsOptions& options) {
  if (options.pin.empty() && options.token_file.empty()) return std::nullopt;
  const std::string where = " (`earshot certificate FILE` on the daemon's machine shows it)";
  if (options.pin.empty()) {
    throw Error(ExitCode::usage,
                "--token-file: found no --pin, expected the fingerprint of the daemon's certificate" + where);
  }
  TlsCredentials credentials{.pin = read_fingerprint(options.pin), .token = {}};
  if (credentials.pin.empty()) {
    throw Error(ExitCode::usage, "--pin: found '" + printable(options.pin) +
                                     "', expected the 64 hexadecimal digits of a certificate's SHA-256" +
                                     where);
  }
  if (options.token_file.empty())
    throw Error(ExitCode::usage, "--pin: found no --token-file, expected the file with the daemon's token");
  credentials.token = read_token(options.token_file == "-" ? "/dev/stdin" : options.token_file);
  return credentials;
}

void add_watch(CLI::App& app, std::string& server, WatchSettings& settings, TlsOptions& tls) {
  CLI::App& command = *app.add_subcommand("watch", "Show what a daemon publishes; reconnects by itself");
  command.add_option("server", server, "The daemon")
      ->option_text("HOST:PORT|unix:PATH")
      ->capture_default_str();
  command.add_flag("--json", settings.json, "The lines as they come");
  command.add_option("--notes", settings.notes, "Show what is written to this file, too")->option_text("FILE");
  command.add_option("--count", settings.count, "Exit after so many predictions")
      ->option_text("N")
      ->check(whole_number(1, std::numeric_limits<std::uint64_t>::max()));
  add_tls(command, tls);
  command.footer(
      "server is 127.0.0.1:7557 unless given. On a terminal, without --json and --count, a screen drawn in place:\n"
      "sources above, what happened below; Ctrl-C ends it. Else a line for each message that people need to see.");
}

void add_classify(CLI::App& app, ClassifySettings& settings) {
  CLI::App& command = *app.add_subcommand("classify", "The live path over files");
  command.add_option("files", settings.files, "Audio files")->option_text("FILE...")->required();
  command.add_option("--model", settings.model, "The model, unless the configuration's or the bundled one")
      ->option_text("FILE");
  command.add_option("--hop-s", settings.hop_s, "Seconds from one window to the next")
      ->check(number(kLeastHopS, kMostHopS))
      ->capture_default_str();
  command.add_option("--gate", settings.gate_dbfs, "Leave quieter windows unclassified")
      ->option_text("DBFS")
      ->check(number(kSilenceDbfs, 0.0));
  command.add_flag("--events", settings.events, "What begins and ends, in the place of windows");
  command.add_flag("--json", settings.json, "Lines as on the stream");
  command.footer(
      "--events takes the rules of [events] from the configuration that the model is taken from, else the usual\n"
      "ones. Without --json it prints a line when an event is over.");
}

void add_send(CLI::App& app, std::string& receiver, SendSettings& settings, TlsOptions& tls) {
  CLI::App& command = *app.add_subcommand("send", "A file as live network audio, to a source of kind tcp");
  command.add_option("file", settings.file, "The audio file")->option_text("FILE")->required();
  command.add_option("receiver", receiver, "Where the source listens")->option_text("HOST:PORT")->required();
  command.add_option("--rate", settings.pcm.rate_hz, "Hz; 0 is the file's own [16000]")
      ->option_text("R")
      ->check([](const std::string& text) {
        const bool good =
            text == "0" || whole_number(Resampler::kMinRateHz, Resampler::kMaxRateHz)(text).empty();
        return good ? std::string() : "found '" + text + "', expected 0 or 1000 to 768000";
      });
  command
      .add_option_function<std::string>(
          "--format", [&](const std::string& name) { settings.pcm.format = *sample_format(name); },
          "s16le, s24le, s32le or f32le [s16le]")
      ->option_text("F")
      ->check([](const std::string& name) {
        return sample_format(name) ? std::string()
                                   : "found '" + name + "', expected s16le, s24le, s32le or f32le";
      });
  command
      .add_option("--channels", settings.pcm.channels,
                  "The file's own if it has as many, else its mean in each [1]")
      ->option_text("C")
      ->check(whole_number(1, 64));
  command
      .add_option("--source", settings.source,
                  "The name that the source gets, where one listens for many senders")
      ->option_text("NAME")
      ->check([](const std::string& name) {
        return is_sender_name(name) ? std::string()
                                    : "found '" + name + "', expected 1 to 32 letters, digits, '_' and '-'";
      });
  command.add_option("--speed", settings.speed, "Times real time; 0 is as fast as it is taken [1]")
      ->option_text("X")
      ->check(number(0.0, 1000.0));
  add_tls(command, tls);
  command.footer(
      "rate, format and channels must be those the source is configured for: raw PCM does not tell. The\n"
      "defaults are those of the configuration. A source takes one sender at a time; the daemon's log says\n"
      "why it turned another away. With --source, for one with max_senders, a first line tells all of it.");
}

struct LabelsSettings {
  std::optional<std::filesystem::path> model;  ///< else find_model()
  std::string search;
};

void add_labels(CLI::App& app, LabelsSettings& settings) {
  CLI::App& command = *app.add_subcommand("labels", "What a model can hear, as a tree with thresholds");
  command.add_option("model", settings.model, "The model, unless the configuration's or the bundled one")
      ->option_text("MODEL");
  command.add_option("--search", settings.search, "Only labels that hold this word")->option_text("WORD");
}

void print_labels(const LabelsSettings& settings) {
  const Model model = load_model(settings.model ? *settings.model : find_model());
  const std::string text = settings.search.empty() ? label_tree(model) : labels_with(model, settings.search);
  if (text.empty()) {
    throw Error(ExitCode::bad_data, "--search: found '" + printable(settings.search) + "' in none of the " +
                                        std::to_string(model.labels.size()) + " labels of model '" +
                                        printable(model.name) + "'");
  }
  std::cout << text;
  flush_output(std::cout);
}

void add_books(CLI::App& app, BooksSettings& settings) {
  CLI::App& command = *app.add_subcommand("books", "What was heard and what was not, of each source");
  command
      .add_option("--since", settings.since, "From when on: 7d, 90min, 2026-11-29, 2026-11-29T12:00 [24h]")
      ->option_text("T");
  command.add_option("--source", settings.source, "Only this source")->option_text("NAME");
  command.add_option("--dir", settings.directory, "Where a daemon keeps its books")->option_text("DIR");
  command.add_flag("--json", settings.json, "One JSON document, every gap");
  command.footer(
      "It needs no running earshotd. Without --dir it takes those written to last of yours and the "
      "system's.");
}

void add_doctor(CLI::App& app, DoctorSettings& settings) {
  CLI::App& command = *app.add_subcommand("doctor", "What is wrong, and how to mend it");
  command
      .add_option("--config", settings.config, "The configuration, unless the one that earshotd would take")
      ->option_text("FILE");
  command
      .add_option("--bundle", settings.bundle,
                  "Write a report for a bug tracker, without passwords and names")
      ->option_text("FILE");
  command.footer(
      "It ends within some 15 s. Without a daemon that runs it records two seconds from the microphone. For "
      "all of\n"
      "the service: sudo earshot doctor. The exit code is 0 if nothing has failed, 78 if it is the "
      "configuration.");
}

void add_token(CLI::App& app, std::optional<std::filesystem::path>& file) {
  CLI::App& command = *app.add_subcommand("token", "Make a token that clients of a network say to a daemon");
  command.add_option("file", file, "Where it goes, readable for you alone; else standard output")
      ->option_text("FILE");
}

void add_certificate(CLI::App& app, CertificateSettings& settings) {
  CLI::App& command =
      *app.add_subcommand("certificate", "Make a certificate and its key, or show a fingerprint");
  CLI::Option* file =
      command.add_option("file", settings.file, "A certificate: show its fingerprint, make none");
  file->option_text("FILE");
  command.add_option("--out", settings.directory, "Where certificate.pem and key.pem go [.]")
      ->option_text("DIR")
      ->excludes(file);
  command
      .add_option("--name", settings.names,
                  "What the daemon's machine is called; once for each name or address")
      ->option_text("HOST")
      ->allow_extra_args(false)
      ->excludes(file);
  command.footer(
      "Standard output is the fingerprint, what --pin of watch and send wants. Without --name it is for "
      "this\n"
      "machine's own name. Files that are there are not overwritten.");
}

int run(int argc, char** argv) {
  CLI::App app("The companion of earshotd for people.", "earshot");
  app.set_version_flag("--version", "earshot " EARSHOT_VERSION);
  std::string server = "127.0.0.1:7557";
  std::string receiver;
  WatchSettings watching;
  ClassifySettings classifying;
  SendSettings sending;
  LabelsSettings labels;
  BooksSettings books;
  DoctorSettings doctor;
  std::optional<std::filesystem::path> token_file;
  CertificateSettings certificate;
  TlsOptions tls;
  bool devices_json = false;
  add_watch(app, server, watching, tls);
  add_classify(app, classifying);
  add_send(app, receiver, sending, tls);
  add_labels(app, labels);
  add_books(app, books);
  add_doctor(app, doctor);
  add_token(app, token_file);
  add_certificate(app, certificate);
  CLI::App& devices = *app.add_subcommand("devices", "List the devices that record");
  devices.add_flag("--json", devices_json, "One JSON document");
  app.add_subcommand("demo", "Synthesised sounds on standard output: f32le, mono, 44100 Hz, in real time");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    if (!app.get_subcommands().empty()) {
      throw Error(ExitCode::usage, std::string(error.what()) + " (see earshot --help)");
    }
  }
  if (app.get_subcommands().empty()) {
    throw Error(ExitCode::usage, std::string("found ") +
                                     (argc > 1 ? '\'' + std::string(argv[1]) + '\'' : "no command") +
                                     ", expected watch, classify, send, labels, books, doctor, token, "
                                     "certificate, devices or demo (see "
                                     "earshot --help)");
  }

  if (app.got_subcommand("watch")) {
    watching.server = server_from(server);
    watching.tls = credentials_from(tls);
    if (watching.tls && !std::holds_alternative<Endpoint>(watching.server))
      throw Error(ExitCode::usage,
                  "--pin: found '" + server + "', expected HOST:PORT: a Unix socket has no TLS");
    watching.terminal = terminal_of(STDOUT_FILENO);
    watch(watching, std::cout, std::cerr);
  } else if (app.got_subcommand("classify")) {
    return static_cast<int>(classify_files(classifying, std::cout, std::cerr));
  } else if (app.got_subcommand("send")) {
    sending.to = endpoint_from(receiver);
    sending.tls = credentials_from(tls);
    send_file(sending, std::cerr);
  } else if (app.got_subcommand("labels")) {
    print_labels(labels);
  } else if (app.got_subcommand("books")) {
    show_books(books, std::cout);
  } else if (app.got_subcommand("doctor")) {
    doctor.terminal = terminal_of(STDOUT_FILENO);
    return static_cast<int>(examine_and_tell(doctor, std::cout));
  } else if (app.got_subcommand("token")) {
    make_token(token_file, std::cout);
  } else if (app.got_subcommand("certificate")) {
    run_certificate(certificate, std::cout, std::cerr);
  } else if (app.got_subcommand(&devices)) {
    const std::vector<CaptureDevice> found = PortAudio().devices();
    std::cout << (devices_json ? device_json(found) : device_lines(found));
    flush_output(std::cout);
  } else {
    run_demo(std::cout);
  }
  return static_cast<int>(ExitCode::ok);
}

}  // namespace

int main(int argc, char** argv) {
  end_uncaught_as_bug("earshot");
  take_library_lines([](std::string_view) noexcept {});  // what matters of it our own errors say
  end_on_signals();
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    const Failure failure = failure_of(error);
    std::cerr << "earshot: " << failure.line << '\n';
    return static_cast<int>(failure.code);
  }
}
