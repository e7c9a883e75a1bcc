using System.Text.Json;
using Shouldly;

namespace OtpActors.Tests.Api;

/// <summary>What the service answered.</summary>
internal sealed record Answer(int Status, string Text, Dictionary<string, string> Headers)
{
    public JsonElement Json => JsonDocument.Parse(Text).RootElement;

    /// <summary>Of a run's document.</summary>
    public string State => this["state"].GetString()!;

    public bool IsOver => State is "completed" or "failed" or "cancelled" or "timedOut" or "incomplete";

    public JsonElement this[string field] => Json.GetProperty(field);

    public Answer ShouldBe(int status)
    {
        Status.ShouldBe(status, Text);
        return this;
    }

    /// <summary>A problem of RFC 9457 with all that we promise of one.</summary>
    public Answer ShouldBeProblem(int status, string? code = null, string? field = null)
    {
        ShouldBe(status);
        Headers["Content-Type"].ShouldStartWith("application/problem+json");
        this["status"].GetInt32().ShouldBe(status);
        this["title"].GetString().ShouldNotBeNullOrEmpty();
        this["detail"].GetString().ShouldNotBeNullOrEmpty();
        this["code"].GetString().ShouldNotBeNullOrEmpty();
        this["type"].GetString().ShouldBe($"urn:otpactors:problem:{this["code"].GetString()}");
        Text.ShouldNotContain("   at ");
        if (code is not null)
        {
            this["code"].GetString().ShouldBe(code, Text);
        }

        if (field is not null)
        {
            Json.TryGetProperty("field", out var named).ShouldBeTrue(Text);
            named.GetString().ShouldBe(field);
        }

        return this;
    }
}
