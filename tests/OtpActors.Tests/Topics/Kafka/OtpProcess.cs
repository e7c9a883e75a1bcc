using System.Diagnostics;
using System.Text.Json;
using OtpActors.Tests.Support;
using OtpActors.Topics.Kafka;

namespace OtpActors.Tests.Topics.Kafka;

/// <summary>The real program with its topic on Kafka and everything else embedded, in a directory of its own.</summary>
internal sealed class OtpProcess : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _errors;
    private readonly Task<string> _output;

    private OtpProcess(Process process)
    {
        _process = process;
        _output = process.StandardOutput.ReadToEndAsync();
        _errors = process.StandardError.ReadToEndAsync();
    }

    public static OtpProcess Start(KafkaOptions kafka, string directory, params string[] arguments)
    {
        var start = new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            [Path.Combine(AppContext.BaseDirectory, "OtpActors.dll"), .. arguments, "--data", Path.Combine(directory, "data")])
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["OtpActors__Topic__Provider"] = "Kafka",
                ["OtpActors__Kafka__BootstrapServers"] = kafka.BootstrapServers,
            },
        };
        foreach (var (name, value) in kafka.Properties)
            start.Environment[$"OtpActors__Kafka__Properties__{name}"] = value;

        return new OtpProcess(Process.Start(start)!);
    }

    public void Kill() => _process.Kill();

    /// <summary>As systemd, or a container's end, would.</summary>
    public void Terminate() => Process.Start("/bin/kill", ["-TERM", $"{_process.Id}"]).Dispose();

    public async Task<(int ExitCode, string Output, string Errors)> EndAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(2));
        return (_process.ExitCode, await _output.Soon(), await _errors.Soon());
    }

    public async Task<JsonElement> ReportAsync()
    {
        var (code, output, errors) = await EndAsync();
        if (code != 0)
            throw new InvalidOperationException($"The run ended with {code}:\n{output}\n{errors}");

        return JsonDocument.Parse(output).RootElement;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();

        _process.Dispose();
    }
}
