using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using OtpActors.Cql;

namespace OtpActors.Tests.Servers.Cassandra;

/// <summary>What a node is to be.</summary>
internal sealed record NodeSettings(string Address, int Port, int StoragePort)
{
    /// <summary>The node's own settings over the distribution's.</summary>
    public IReadOnlyDictionary<string, JsonNode?> Settings { get; init; } = new Dictionary<string, JsonNode?>();

    /// <summary>Changes how readiness is asked for: credentials, TLS.</summary>
    public Func<ClusterBuilder, ClusterBuilder> Client { get; init; } = builder => builder;
}

/// <summary>
/// A real Cassandra, running. It dies with this object, and with this process however that ends: a shell holds it that
/// kills it once its own standard input closes. Its data stays until this object goes, so that it can start again.
/// </summary>
internal sealed class CassandraNode(NodeSettings settings) : IAsyncDisposable
{
    private const string Holder = """
        log=$1; shift
        exec 3<&0 2>/dev/null
        "$@" </dev/null >>"$log" 2>&1 3<&- &
        server=$!
        echo $server
        ( cat <&3 >/dev/null; kill -9 $server 2>/dev/null ) &
        wait $server
        """;

    /// <summary>Milliseconds until a node gives up on replicas: no test is about that, and machines can be busy.</summary>
    private const int Patience = 60_000;

    private static readonly string[] Limits = ["read_request", "range_request", "write_request", "cas_contention", "truncate_request", "request"];

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(5);

    private readonly TempDirectory _directory = new();
    private Process? _holder;
    private int _pid;

    public string Address => settings.Address;

    public int Port => settings.Port;

    public string ContactPoint => $"{settings.Address}:{settings.Port}";

    public int JmxPort { get; private set; }

    public string Log => File.Exists(LogFile) ? File.ReadAllText(LogFile) : "";

    private string LogFile => _directory.File("node.log");

    /// <summary>Starts it and waits until it answers.</summary>
    public async Task StartAsync()
    {
        if (!File.Exists(_directory.File("cassandra.yaml")))
        {
            Configure();
        }

        JmxPort = Ports.Free("127.0.0.1");
        _holder = Process.Start(new ProcessStartInfo(
            "/bin/sh", ["-c", Holder, "sh", LogFile, .. CassandraDistribution.Java(_directory.Path, JmxPort)])
        {
            WorkingDirectory = _directory.Path,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        _pid = int.Parse((await _holder.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture);
        await UntilItAnswersAsync();
    }

    /// <summary>As a crash would.</summary>
    public async Task KillAsync()
    {
        if (_holder is null)
        {
            return;
        }

        _holder.StandardInput.Close();
        await _holder.WaitForExitAsync();
        _holder.Dispose();
        _holder = null;
    }

    /// <summary>Stops it where it stands: connections stay, and nothing answers.</summary>
    public Task FreezeAsync() => CassandraDistribution.RunAsync("/bin/kill", ["-STOP", $"{_pid}"]);

    public Task ThawAsync() => CassandraDistribution.RunAsync("/bin/kill", ["-CONT", $"{_pid}"]);

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _directory.Dispose();
    }

    private void Configure()
    {
        var yaml = JsonNode.Parse(File.ReadAllText(CassandraDistribution.DefaultSettings))!.AsObject();
        yaml["data_file_directories"] = new JsonArray(_directory.File("data"));
        yaml["commitlog_directory"] = _directory.File("commitlog");
        yaml["saved_caches_directory"] = _directory.File("caches");
        yaml["disk_access_mode"] = "standard";
        yaml["start_rpc"] = false;
        yaml["listen_address"] = settings.Address;
        yaml["rpc_address"] = settings.Address;
        yaml["native_transport_port"] = settings.Port;
        yaml["storage_port"] = settings.StoragePort;
        yaml["ssl_storage_port"] = settings.StoragePort + 1;
        yaml["auto_bootstrap"] = false;
        foreach (var limit in Limits)
        {
            yaml[$"{limit}_timeout_in_ms"] = Patience;
        }

        foreach (var (key, value) in settings.Settings)
        {
            yaml[key] = value?.DeepClone();
        }

        File.WriteAllText(_directory.File("cassandra.yaml"), yaml.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
        File.WriteAllText(_directory.File("logback.xml"), """
            <configuration>
              <appender name="LOG" class="ch.qos.logback.core.ConsoleAppender"><encoder><pattern>%-5level %date{HH:mm:ss,SSS} %msg%n%ex{5}</pattern></encoder></appender>
              <root level="INFO"><appender-ref ref="LOG" /></root>
            </configuration>
            """);
    }

    private async Task UntilItAnswersAsync()
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            await using var cluster = settings.Client(Cluster.Builder().AddContactPoint(ContactPoint)).Build();
            try
            {
                await cluster.ConnectAsync();
                return;
            }
            catch (DriverException exception)
            {
                if (_holder!.HasExited || Stopwatch.GetElapsedTime(began) > Bound)
                {
                    throw new InvalidOperationException($"Cassandra does not start: {exception.Message}\n{Log}", exception);
                }
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100));
        }
    }
}
