using System.Reflection;

namespace OtpActors.Tests.Support;

/// <summary>Where the sources lie: for files that are shipped beside the program and not with it.</summary>
internal static class Repository
{
    public static string Root { get; } = typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(metadata => metadata.Key == nameof(Repository)).Value!;
}
