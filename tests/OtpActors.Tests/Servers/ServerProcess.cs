using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace OtpActors.Tests.Servers;

/// <summary>
/// A server that a test has started. It dies with this object, and with this process however that ends: a shell holds it
/// that kills it once its own standard input closes.
/// </summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private const string Holder = """
        exec 3<&0 2>/dev/null
        "$@" </dev/null 2>&1 &
        server=$!
        echo $server
        ( cat <&3 >/dev/null; kill -9 $server 2>/dev/null ) &
        wait $server
        """;

    private const int LinesKept = 50;

    private readonly Process _holder;
    private readonly ConcurrentQueue<string> _lines = new();

    private ServerProcess(Process holder, int pid) => (_holder, Pid) = (holder, pid);

    public int Pid { get; }

    public bool HasExited => _holder.HasExited;

    /// <summary>What it printed last.</summary>
    public string Output => string.Join('\n', _lines);

    public static async Task<ServerProcess> StartAsync(IEnumerable<string> command, string directory)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", Holder, "sh", .. command])
        {
            WorkingDirectory = directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        var holder = Process.Start(start)!;
        var pid = int.Parse((await holder.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture);
        var server = new ServerProcess(holder, pid);
        _ = server.KeepOutputAsync();
        return server;
    }

    /// <summary>As a crash would.</summary>
    public async Task KillAsync()
    {
        if (!_holder.HasExited)
        {
            _holder.StandardInput.Close();
            await _holder.WaitForExitAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _holder.Dispose();
    }

    /// <summary>Reads on for as long as it lives, or it would stop at a full pipe.</summary>
    private async Task KeepOutputAsync()
    {
        while (await _holder.StandardOutput.ReadLineAsync() is { } line)
        {
            _lines.Enqueue(line);
            while (_lines.Count > LinesKept)
            {
                _lines.TryDequeue(out _);
            }
        }
    }
}
