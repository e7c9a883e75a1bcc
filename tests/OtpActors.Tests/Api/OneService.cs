using Xunit;

namespace OtpActors.Tests.Api;

/// <summary>Specs that start the service in this process: one at a time, since a process has one log.</summary>
[CollectionDefinition(Name)]
public sealed class OneService
{
    public const string Name = "service";
}
